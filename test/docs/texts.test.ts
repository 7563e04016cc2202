/** Checks what the texts contain besides command lines: output, policies, units, forms of NAME, npm scripts. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { nameForms } from '../../packaging/manual/words.ts';
import { commands } from '../../src/cli/commands.ts';
import { exitStatuses } from '../../src/cli/exit-statuses.ts';
import { open } from '../../src/index.ts';
import { booleanFamilies, familyRule } from '../../src/policy/families.ts';
import schema from '../../src/policy/policy.schema.json' with { type: 'json' };
import { renderName } from '../../src/policy/template.ts';
import { metricsText } from '../../src/watch/metrics.ts';
import { buildSample } from '../demo/sample.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../support/fake-root.ts';
import { hookedFiles } from '../support/hooked-files.ts';
import { codeBlocksOf, fencedBlocks, linesOfText, markdownFiles, projectText } from './lines.ts';
import { argsOn, host, machine, runExec, runOn, uuid } from './machine.ts';
import { replay, type Session } from './session.ts';

const readme = projectText('README.md');
const blocks = fencedBlocks(readme);
const textsIn = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);
const [unit = ''] = textsIn('ini');
const policy = textsIn('toml').join('\n\n');

test('every code block of the README is of a kind that is tested', (t) => {
  for (const { language, text } of blocks)
    t.true(['sh', 'console', 'toml', 'ini', 'text', 'js', 'xml', 'yaml'].includes(language), text);
  t.deepEqual(codeBlocksOf(readme), []);
  for (const language of ['ini', 'xml', 'yaml']) t.is(textsIn(language).length, 1, language);
  t.is(textsIn('text').length, 1, 'only the diagram');
});

test('the JavaScript of the README runs', async (t) => {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  const body = textsIn('js').join('\n').replace("import { open } from 'vfio-names';", '');
  const printed: unknown[][] = [];
  const run = new Function('open', 'console', `return (async () => {${body}})()`);
  const onMachine = () => open({ root: root.dir });
  const done: Promise<void> = run(onMachine, { log: (...words: unknown[]) => printed.push(words) });
  // Without root, a node is a file, which resolve() rejects.
  if (process.getuid?.() !== 0) return t.throwsAsync(done, { code: 'node-mismatch' });
  await done;
  t.deepEqual(printed.at(-1), ['0000:01:00.0', 'ok']);
});

/** The second boot of the README's first session: the graphics card and the network card have each other's numbers. */
async function swapNumbers(root: FakeRoot): Promise<void> {
  const gpu = { name: '0000:01:00.0', above: '/sys/devices/pci0000:00/0000:00:06.0', driver: 'vfio-pci' };
  const nic = { name: '0000:00:04.0', driver: 'vfio-pci' };
  const nodes = [root.add({ ...gpu, sysname: 'vfio3' }), root.add({ ...nic, sysname: 'vfio1' })];
  for (const device of nodes) root.unbind(device);
  root.add({ ...gpu, sysname: 'vfio1' });
  root.add({ ...nic, sysname: 'vfio3' });
  await runOn(root, 'vfio-names sync');
}

/** The machine after the demo has created all links. */
async function sample(t: ExecutionContext): Promise<FakeRoot> {
  const root = fakeRoot(t);
  buildSample(root.dir);
  rmSync(root.at('/dev/vfio/pci/0000:02:00.0'));
  await runOn(root, 'vfio-names sync');
  return root;
}

/** The README's machine with its policy, and with the network card that the policy mentions. */
function withPolicy(t: ExecutionContext): FakeRoot {
  const root = machine(t);
  const parent = '/sys/devices/pci0000:00/0000:00:07.0';
  const pf = root.add({
    name: '0000:02:00.0',
    parent,
    driver: 'i40e',
    attributes: { sriov_offset: '1', sriov_stride: '1', sriov_totalvfs: '4' },
  });
  const vf = root.add({ name: '0000:02:00.1', sysname: 'vfio8', parent, driver: 'vfio-pci', group: '16' });
  root.linkTo(`${vf.syspath}/physfn`, pf.syspath);
  root.linkTo(`${pf.syspath}/virtfn0`, vf.syspath);
  root.write('/etc/vfio-names/10-devices.toml', `${policy}\n`);
  return root;
}

/** A machine whose kernel has nodes of groups only, with the names of its group. */
async function machineWithGroups(t: ExecutionContext): Promise<FakeRoot> {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false, driver: 'vfio-pci', group: '14' });
  root.addGroup('14');
  await runOn(root, 'vfio-names sync');
  return root;
}

/** The session of each `console` block by its first line. */
const sessions: Readonly<Record<string, (t: ExecutionContext) => Promise<Session> | Session>> = {
  '$ readlink /dev/vfio/pci/0000:01:00.0  # the graphics card': async (t) => {
    const root = await host(t);
    return { root, reboot: () => swapNumbers(root) };
  },
  '$ ln -sfn ../devices/vfio0 /dev/vfio/pci/0000:01:00.1': async (t) => ({ root: await sample(t) }),
  '$ vfio-names doctor': async (t) => ({ root: await host(t) }),
  '$ vfio-names': async (t) => ({ root: await host(t) }),
  '$ vfio-names resolve 01:00.0': async (t) => ({ root: await host(t) }),
  '$ readlink /dev/vfio/groups/pci/0000:01:00.0': async (t) => ({ root: await machineWithGroups(t) }),
  '$ vfio-names config check': (t) => ({ root: withPolicy(t) }),
  '$ vfio-names holders 01:00.0': async (t) => ({ root: await host(t) }),
};
const graphSession = '$ vfio-names graph';

for (const text of textsIn('console')) {
  const [first = ''] = text.split('\n');
  if (first === graphSession)
    test('the graph in the README is that of the desktop in test/golden', (t) => {
      t.is(text, expectedOutput(text, `${first}\n${projectText('test/golden/graph/desktop.txt').trimEnd()}`));
    });
  else
    test(`the session "${first}" in the README has the output of the program`, async (t) => {
      const session = sessions[first];
      if (!session) return t.fail('expected a machine of the table for this session, found none; add one');
      t.is(text, expectedOutput(text, await replay(await session(t), text)));
    });
}

/** Returns `found`; with UPDATE_GOLDEN=1 it replaces `shown` in the README, and is what the README has. */
function expectedOutput(shown: string, found: string): string {
  if (process.env['UPDATE_GOLDEN'] !== '1') return found;
  writeFileSync(
    `${import.meta.dirname}/../../README.md`,
    projectText('README.md').replace(shown, () => found),
  );
  return shown;
}

test('every session of the table is in the README', (t) => {
  const found = textsIn('console').map((text) => text.split('\n')[0] ?? '');
  t.deepEqual([...found].sort(), [...Object.keys(sessions), graphSession].sort());
});

test('the policy in the README creates the links that its comments show', async (t) => {
  const links = {
    '/dev/vfio/by-alias/gpu': '../devices/vfio3',
    '/dev/vfio/by-path/pci0000_00-06.0-00.0': '../devices/vfio3',
    '/dev/vfio/by-card/nic/vf0': '../../devices/vfio8',
  };
  t.deepEqual(
    [...policy.matchAll(/(?<=# )\/dev\/vfio\/by-\S+/g)].map(([link]) => link),
    Object.keys(links),
  );
  const { out } = await runOn(withPolicy(t), 'vfio-names plan');
  for (const [link, target] of Object.entries(links))
    t.true(out.includes(`create ${link} -> ${target}\n`), `${link} in ${out}`);
});

test('the policy in the README gives the group kvm the devices on vfio-pci and /dev/iommu', async (t) => {
  const { out } = await runOn(withPolicy(t), 'vfio-names rules render');
  t.regex(
    out,
    /^SUBSYSTEMS=="pci", DRIVERS=="vfio-pci", .* GROUP="kvm", MODE="0660", ENV\{ID_VFIO_ACCESS\}="policy"$/m,
  );
  t.regex(out, /SUBSYSTEM=="misc", GROUP="kvm", MODE="0660", ENV\{ID_VFIO_ACCESS\}="policy"$/m);
});

test('the domain XML in the README has the address of the device that the README describes', (t) => {
  const [xml = ''] = textsIn('xml');
  const numbers = ['domain', 'bus', 'slot', 'function'].map(
    (key) => new RegExp(` ${key}='0x([0-9a-f]+)'`).exec(xml)?.[1],
  );
  t.deepEqual(numbers, ['0000', '01', '00', '0']);
  for (const [, tag = ''] of xml.matchAll(/<(\w+)(?: [^>]*)?(?<!\/)>/g))
    t.true(xml.includes(`</${tag}>`), tag);
});

interface AlertRules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

test('the alerts in the README use metrics that watch writes', (t) => {
  const zero = { devices: 0, missing: 0, links: 0, findings: 0, changes: 0, errors: 0, passes: 0 };
  const written = metricsText({ ...zero, policyRejected: 0, lastPass: 0, duration: 0 });
  const { groups }: AlertRules = parse(textsIn('yaml').join('\n'));
  const rules = groups.flatMap((group) => group.rules);
  t.is(rules.length, 2);
  for (const { alert, expr } of rules) {
    const metrics = expr.match(/\bvfio_names_\w+/g) ?? [];
    t.true(metrics.length > 0, alert);
    for (const metric of metrics) t.regex(written, new RegExp(`^${metric} 0$`, 'm'), alert);
  }
});

test('the unit in the README is bound to the unit that show prints, and its exec command is valid', async (t) => {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  const { out } = await runOn(root, 'vfio-names show 0000:01:00.0');
  const name = /^ +Systemd unit +(\S+)$/m.exec(out)?.[1] ?? '';
  t.true(unit.includes(`\nBindsTo=${name}\nAfter=${name}\n`), unit);
  const { path } = await runExec(root, /^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit)?.[1] ?? '');
  t.is(path, '/usr/bin/qemu-system-x86_64');
  const scenario = projectText('test/integration/vm/scenarios/exec-systemd.sh');
  for (const key of unit.matchAll(/^(\w+)=/gm)) t.true(scenario.includes(`\n${key[1]}=`), key[1]);
});

/** The cells of the README's table with this heading, without its head. */
function table(heading: string): string[][] {
  const [, rows = ''] =
    new RegExp(`^\\| ${heading} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'm').exec(readme) ?? [];
  return rows
    .trim()
    .split('\n')
    .map((row) =>
      row
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.replace(/^`(.*)`$/, '$1')),
    );
}

/** Makes the mistake behind each message of "Troubleshooting", and returns what the program prints. */
const mistakes: Readonly<Record<string, (root: FakeRoot) => Promise<CliResult>>> = {
  '0000:02:00.0 is bound to nvme, not to a VFIO driver': (root) => {
    root.add({ name: '0000:02:00.0', driver: 'nvme' });
    return runOn(root, 'vfio-names resolve 0000:02:00.0');
  },
  'this kernel does not create a node for the device': (root) => {
    root.add({ name: '0000:02:00.0', driver: 'vfio-pci', sysname: 'vfio8', devnum: false });
    return runOn(root, 'vfio-names list');
  },
  'expected the character device 247:3 at /dev/vfio/devices/vfio3, found nothing': (root) => {
    rmSync(root.at('/dev/vfio/devices/vfio3'));
    return runOn(root, 'vfio-names resolve 01:00.0');
  },
  'found a file, which vfio-names did not make': (root) => {
    rmSync(root.at('/dev/vfio/pci/0000:01:00.0'));
    root.write('/dev/vfio/pci/0000:01:00.0', '');
    return runOn(root, 'vfio-names verify');
  },
  'found one to ../devices/vfio0, the node of': (root) => {
    root.add({ name: '0000:02:00.0', driver: 'vfio-pci', sysname: 'vfio0' });
    root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
    return runOn(root, 'vfio-names verify');
  },
  'IOMMU group 14 is not viable': (root) => {
    root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
    return runOn(root, 'vfio-names doctor');
  },
  'udev has not made the name of': (root) => {
    root.add({ name: '0000:02:00.0', driver: 'vfio-pci', sysname: 'vfio8' });
    return runOn(root, 'vfio-names doctor');
  },
  'is of policy default, expected': (root) => {
    root.write('/etc/vfio-names/10.toml', '[names]\nby-path = true\n');
    return runOn(root, 'vfio-names rules check');
  },
  'expected what only root may write': (root) => {
    root.write('/etc/vfio-names/10.toml', '[names]\nby-path = true\n');
    chmodSync(root.at('/etc/vfio-names/10.toml'), 0o666);
    return runOn(root, 'vfio-names list');
  },
  'there is no /dev/iommu': (root) => {
    rmSync(root.at('/dev/iommu'));
    return runOn(root, 'vfio-names doctor');
  },
};

test('every message under "Troubleshooting" is a message of the program', async (t) => {
  t.deepEqual(
    table('message').map(([message]) => message),
    Object.keys(mistakes),
  );
  for (const [message, make] of Object.entries(mistakes)) {
    const root = await host(t);
    const { status, out, err } = await make(root);
    const printed = [out, ...err].join('\n').replaceAll(root.dir, '');
    t.true(printed.includes(message), `${message} in ${printed}`);
    t.is(status === 0, message.includes('not create a node'), message);
  }
});

test('every form of NAME in the README and the manual resolves to its device', async (t) => {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  t.deepEqual(
    table('form').map(([form]) => form),
    nameForms.map(([form]) => form),
  );
  for (const [form] of nameForms) {
    const { out } = await runOn(
      root,
      `vfio-names resolve ${form.startsWith('/') ? 'pci/0000:01:00.0' : form}`,
    );
    t.is(out, '/dev/vfio/devices/vfio3\n', form);
  }
  for (const path of [
    '/dev/vfio/pci/0000:01:00.0',
    '/dev/vfio/devices/vfio3',
    '/dev/vfio/14',
    '/sys/bus/pci/devices/0000:01:00.0',
  ]) {
    const { out } = await runOn(root, `vfio-names resolve ${path}`);
    t.is(out, '/dev/vfio/devices/vfio3\n', path);
  }
  t.is((await runOn(root, `vfio-names resolve ${uuid}`)).out, '/dev/vfio/devices/vfio7\n');
});

test('each exit status in the README is one of the manual, and a command exits with it', async (t) => {
  const statuses = table('status').map(([status]) => Number(status));
  t.deepEqual(
    statuses,
    exitStatuses.map(([status]) => status),
  );
  const root = machine(t);
  root.add({ name: '0000:02:00.0', driver: 'vfio-pci', sysname: 'vfio8', devnum: false });
  const denied = hookedFiles(({ path }) => {
    if (path.endsWith('/devices/vfio3')) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  });
  const found = [
    await runOn(root, 'vfio-names list'),
    await runOn(root, 'vfio-names verify'),
    await runOn(root, 'vfio-names list --no-such-option'),
    await runOn(root, 'vfio-names resolve 0000:09:00.0'),
    await runCli(argsOn(root, 'vfio-names resolve 01:00.0'), { files: denied }),
    await runOn(root, 'vfio-names resolve 0000:02:00.0'),
    await runOn(root, 'vfio-names plan'),
  ];
  t.deepEqual(
    found.map(({ status }) => status),
    statuses,
  );
});

test('README.md and SECURITY.md mention every command', (t) => {
  const security = /## What each part may do[\s\S]*?(?=\n## )/.exec(projectText('SECURITY.md'))?.[0] ?? '';
  const rows = table('command').map((cells) => cells.join(' '));
  const used = new Set<string>();
  for (const { name } of commands) {
    t.regex(security, new RegExp(`\`${name}[\` ]`), name);
    const [group = '', ...words] = name.split(' ');
    const row = rows.find(
      (text) => text.startsWith(`vfio-names ${group}`) && words.every((word) => text.includes(word)),
    );
    t.not(row, undefined, name);
    used.add(row ?? '');
  }
  t.is(used.size, rows.length, 'each row is that of a command');
});

test('every link of the README to one of its own headings leads to a heading', (t) => {
  const anchors = [...readme.matchAll(/^##+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, anchor = ''] of readme.matchAll(/\]\(#([^)]*)\)/g)) t.true(anchors.includes(anchor), anchor);
});

test('every file linked in test/bench/README.md exists', (t) => {
  const links = [...projectText('test/bench/README.md').matchAll(/\]\(([^)]+)\)/g)].map(
    ([, path = '']) => path,
  );
  t.not(links.length, 0);
  for (const path of links) t.true(existsSync(`${import.meta.dirname}/../bench/${path}`), path);
});

test('the example of each family in the schema is the name of a device', (t) => {
  const facts = {
    ...{
      bus: 'pci',
      name: '0000:01:00.0',
      function: '0',
      group: '14',
      slot: '8-1',
      pf: '0000:01:00.0',
      vf: '3',
    },
    ...{
      path: 'pci0000_00-06.0-00.0',
      serial: 'a0-36-9f-ff-ff-12-34-56',
      cdev: 'yes',
      syspath: '/sys/devices/x',
    },
  };
  const { properties } = schema.properties.names;
  for (const family of booleanFamilies) {
    const [expected, meaning = ''] = properties[family].description.split('\n\n');
    t.is(expected, 'true or false');
    const { template } = familyRule(family, { file: '', line: 0 });
    t.is(meaning.split(': ')[0], renderName(template, facts));
  }
});

const manifest = JSON.parse(projectText('package.json')) as {
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

/** Where each npm script that the texts name is run: by one of the two tiers of the continuous integration, or by a test. */
const runs: Readonly<Record<string, readonly [file: string, pattern: RegExp]>> = {
  ci: ['.ci/install', /\bnpm ci\b/],
  pack: ['test/docs/packaging/library.test.ts', /'pack'/],
  install: ['test/docs/packaging/library.test.ts', /\['install', '--global',/],
  test: ['.ci/run', /\bnpm test\b/],
  demo: ['test/demo/demo.test.ts', /'test\/demo\/demo\.ts'/],
  picture: ['test/demo/picture.test.ts', /drawPictures\(\)/],
  fuzz: ['.ci/full', /\bnpm run fuzz -- --seconds \d+ --seed \d+/],
  package: ['packaging/cached.sh', /packaging\/package\.sh "\$1" --rebuild --output/],
  'build:native': ['test/integration/native/run', /packaging\/native\/build\.sh/],
  // They measure and record, and assert nothing; figures.test.ts checks the recorded results.
  bench: ['test/bench/figures.test.ts', /figures/],
  'bench:figures': ['test/bench/figures.test.ts', /figures/],
  sbom: ['test/docs/texts.test.ts', /npm run --silent sbom/],
};

for (const line of new Set(markdownFiles.flatMap((path) => linesOfText(projectText(path)))))
  if (line.startsWith('npm '))
    test(`"${line}" is run by continuous integration or a test`, (t) => {
      const [, first = '', second = ''] = line.split(' ');
      const name = first === 'run' ? second : first;
      t.true(['ci', 'pack', 'install'].includes(name) || name in manifest.scripts, line);
      const [file, pattern] = runs[name] ?? ['.ci/full', new RegExp(`\\bnpm run ${name}\\b`)];
      t.regex(projectText(file), pattern, line);
    });

interface Bom {
  readonly bomFormat: string;
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly name: string;
    readonly licenses: readonly { readonly license: { readonly id: string } }[];
    readonly hashes: readonly { readonly content: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

test('npm run --silent sbom prints a CycloneDX document of what npm installs and of the bundled libraries', (t) => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'sbom'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_V8_COVERAGE: '', npm_config_update_notifier: 'false' },
    cwd: `${import.meta.dirname}/../..`,
  });
  t.is(status, 0, stderr);
  const { bomFormat, components, dependencies } = JSON.parse(stdout) as Bom;
  t.is(bomFormat, 'CycloneDX');
  for (const { name, licenses, hashes } of components) {
    t.regex(licenses[0]?.license.id ?? '', /^[\w.-]+$/, name);
    t.regex(hashes[0]?.content ?? '', /^[0-9a-f]{128}$/, name);
  }
  const names = components.map(({ name }) => name);
  for (const name of Object.keys(manifest.optionalDependencies)) t.true(names.includes(name), name);
  // The build fails if a library is in the bundles and not in this document (packaging/npm/licenses.mjs).
  for (const name of ['chokidar', 'handlebars', 'smol-toml']) t.true(names.includes(name), name);
  for (const name of ['typescript', '@koromix/koffi-win32-x64']) t.false(names.includes(name), name);
  // Each component once, and each reached from the program.
  const refs = components.map((component) => component['bom-ref']);
  t.is(new Set(refs).size, refs.length);
  const reached = new Set([dependencies[0]?.ref]);
  for (const from of reached)
    for (const to of dependencies.find(({ ref }) => ref === from)?.dependsOn ?? []) reached.add(to);
  t.deepEqual([...reached].sort(), [`${manifest.name}@${manifest.version}`, ...refs].sort());
});
