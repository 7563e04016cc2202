/** Checks what the texts contain besides command lines: output, policies, units, forms of NAME, npm scripts. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { commands } from '../../src/cli/commands.ts';
import { exitStatuses, nameForms, policyExample, policyKeys } from '../../src/manual/words.ts';
import { blocksOf, commandLines, linesOfText, projectText, texts } from './lines.ts';
import { machine, runExec, runOn, uuid } from './machine.ts';

const readme = projectText('README.md');
const blocks = blocksOf(readme);
const block = (start: string): string => blocks.find((text) => text.startsWith(start)) ?? '';
const [listing, policy, unit] = [block('$ ls -l'), block('[names]'), block('[Unit]')];

test('every line of a README code block is a command line, except in the three blocks tested below', (t) => {
  const testedBelow = [listing, policy, unit];
  for (const text of testedBelow) t.not(text, '');
  for (const text of blocks.filter((other) => !testedBelow.includes(other)))
    for (const line of text
      .replace(/\s*\\\n\s*/g, ' ')
      .split('\n')
      .filter(Boolean))
      t.not(commandLines(line).length, 0, line);
});

test('the listing in the README shows the links that sync creates', async (t) => {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  const expected = ['0000:00:04.0', '0000:01:00.0'].map((name) => {
    const target = readlinkSync(root.at(`/dev/vfio/pci/${name}`));
    return `lrwxrwxrwx 1 root root ${target.length} ${name} -> ${target}`;
  });
  t.deepEqual(listing.split('\n'), ['$ ls -l /dev/vfio/pci', ...expected]);
});

test('the policy in the README equals that of the manual and creates the links that its comments show', async (t) => {
  const root = machine(t);
  const shown = async (text: string): Promise<string> => {
    writeFileSync(root.at('/policy.toml'), text);
    const checked = await runOn(root, 'vfio-names config check /policy.toml');
    t.is(checked.status, 0, checked.err.join('\n'));
    return (await runOn(root, 'vfio-names config show --policy /policy.toml --json')).out.replace(
      /"line": \d+/g,
      '',
    );
  };
  t.is(await shown(policy), await shown(policyExample));
  const { out } = await runOn(root, 'vfio-names plan --policy /policy.toml');
  const names = [...policy.matchAll(/(?<=# .*)\/dev\/vfio\/by-\S+/g)].map(([name]) => name);
  t.is(names.length, 2);
  for (const name of names)
    t.true(
      out.includes(`create ${name} -> ../../devices/vfio3\n`) ||
        out.includes(`create ${name} -> ../devices/vfio3\n`),
      `${name} in ${out}`,
    );
});

test('the unit in the README is bound to the unit that show prints, and its exec command is valid', async (t) => {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  const { out } = await runOn(root, 'vfio-names show 0000:01:00.0');
  const name = /^unit +(\S+)$/m.exec(out)?.[1] ?? '';
  t.true(unit.includes(`\nBindsTo=${name}\nAfter=${name}\n`), unit);
  const { command } = await runExec(root, /^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit)?.[1] ?? '');
  t.is(command, '/usr/bin/qemu-system-x86_64');
  const scenario = projectText('test/vm/scenarios/exec-systemd.sh');
  for (const key of unit.matchAll(/^(\w+)=/gm)) t.true(scenario.includes(`\n${key[1]}=`), key[1]);
});

test('every form of NAME in the README and the manual resolves to its device', async (t) => {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  const sentence = /^`NAME` is [\s\S]*?\n\n/m.exec(readme)?.[0] ?? '';
  for (const [form] of nameForms) {
    const { out } = await runOn(
      root,
      `vfio-names resolve ${form.startsWith('/') ? 'pci/0000:01:00.0' : form}`,
    );
    t.is(out, '/dev/vfio/devices/vfio3\n', form);
    if (!form.startsWith('/')) t.true(sentence.includes(`\`${form}\``), form);
  }
  for (const path of [
    '/dev/vfio/pci/0000:01:00.0',
    '/dev/vfio/devices/vfio3',
    '/sys/bus/pci/devices/0000:01:00.0',
  ]) {
    const { out } = await runOn(root, `vfio-names resolve ${path}`);
    t.is(out, '/dev/vfio/devices/vfio3\n', path);
  }
  t.is((await runOn(root, `vfio-names resolve ${uuid}`)).out, '/dev/vfio/devices/vfio7\n');
});

test('the exit statuses in the README are the same as in the manual', (t) => {
  const words = exitStatuses.map(([status, meaning]) => `${status} ${meaning.replace(/ \(.*/, '')}`);
  t.true(readme.includes(`Exit status: ${words.join('; ')}.`));
});

test('README.md and SECURITY.md mention every command', (t) => {
  const security = /## What each part may do[\s\S]*?(?=\n## )/.exec(projectText('SECURITY.md'))?.[0] ?? '';
  const overview = block('vfio-names  ');
  for (const { name } of commands) {
    t.regex(security, new RegExp(`\`${name}[\` ]`), name);
    t.true(name === 'list' || overview.includes(name), name);
  }
});

test('each family of links has the path that the manual describes', async (t) => {
  const root = machine(t);
  const families = ['by-tag', 'by-path', 'by-group'];
  writeFileSync(
    root.at('/policy.toml'),
    `[names]\n${families.map((family) => `${family} = true\n`).join('')}`,
  );
  const { out } = await runOn(root, 'vfio-names plan --policy /policy.toml');
  for (const family of families) {
    const [name = ''] = (policyKeys[`names.${family}`] ?? '').split(': ');
    const filled = name.replace('GROUP', '14').replace('BUS-NAME', 'pci-0000:01:00.0');
    t.true(out.includes(`create /dev/vfio/${filled} -> `), `${filled} in ${out}`);
  }
});

test('packaging/install.sh installs the program and the service below --destdir', (t) => {
  const top = `${import.meta.dirname}/../..`;
  t.true(projectText('packaging/README.md').includes('    packaging/install.sh --destdir DIR  '));
  if (!existsSync(`${top}/dist/vfio-names.cjs`)) return t.log('not built');
  const { dir } = machine(t);
  const words = ['packaging/install.sh', '--destdir', dir, '--part', 'main'];
  const { status, stderr } = spawnSync('bash', words, { encoding: 'utf8', cwd: top });
  t.is(status, 0, stderr);
  for (const path of ['usr/bin/vfio-names', 'usr/lib/systemd/system/vfio-names.service'])
    t.true(existsSync(`${dir}/${path}`) || lstatSync(`${dir}/${path}`).isSymbolicLink(), path);
});

const manifest = JSON.parse(projectText('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** The file that runs each npm script of the texts: continuous integration or a test. */
const runs: Readonly<Record<string, readonly [file: string, pattern: RegExp]>> = {
  ci: ['.ci/run', /\bnpm ci\b/],
  test: ['.ci/run', /\bnpm test\b/],
  demo: ['test/demo/demo.test.ts', /'test\/demo\/demo\.ts'/],
  fuzz: ['.ci/run', /\bnpm run fuzz -- --seconds \d+ --seed \d+/],
  package: ['packaging/cached.sh', /packaging\/package\.sh "\$1" --output/],
  'build:native': ['test/helper/native.sh', /packaging\/native\/build\.sh/],
  // It measures and asserts nothing; figures.test.ts checks the recorded results.
  bench: ['test/bench/figures.test.ts', /figures/],
  // Too slow for each change; fails below this score.
  'test:mutants': ['test/mutants/stryker.config.json', /"break": 85/],
  sbom: ['test/examples/texts.test.ts', /npm run --silent sbom/],
};

for (const line of new Set(texts.flatMap((path) => linesOfText(projectText(path)))))
  if (line.startsWith('npm '))
    test(`"${line}" is run by continuous integration or a test`, (t) => {
      const [, first = '', second = ''] = line.split(' ');
      const name = first === 'run' ? second : first;
      t.true(name === 'ci' || name in manifest.scripts, line);
      const [file, pattern] = runs[name] ?? ['.ci/run', new RegExp(`\\bnpm run ${name}\\b`)];
      t.regex(projectText(file), pattern, line);
    });

test('npm run --silent sbom prints a CycloneDX document with the licences of the dependencies', (t) => {
  const { status, stdout } = spawnSync('npm', ['run', '--silent', 'sbom'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_V8_COVERAGE: '', npm_config_update_notifier: 'false' },
    cwd: `${import.meta.dirname}/../..`,
  });
  t.is(status, 0);
  const { bomFormat, components } = JSON.parse(stdout) as {
    readonly bomFormat: string;
    readonly components: readonly { readonly name: string; readonly licenses?: readonly unknown[] }[];
  };
  t.is(bomFormat, 'CycloneDX');
  t.true(components.some(({ name }) => name === 'koffi'));
  for (const { name, licenses = [] } of components) t.not(licenses.length, 0, name);
});
