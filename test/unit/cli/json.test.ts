import test from 'ava';
import { commands } from '../../../src/cli/commands.ts';
import { runCli } from '../../support/cli.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { validJson } from '../../support/schema.ts';
import { sample } from './sample.ts';

interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly name?: string;
    readonly file?: string;
    readonly status: number;
  };
}

/** Command lines that print a document; watch, which runs until a signal, and probe have tests of their own. */
const lines: readonly (readonly string[])[] = [
  ['list'],
  ['show', '0000:01:00.0'],
  ['show', '0000:03:00.0'],
  ['resolve', '0000:01:00.0'],
  ['plan'],
  ['sync'],
  ['verify'],
  ['verify', '--fix'],
  ['holders'],
  ['holders', '0000:01:00.0'],
  ['doctor'],
  ['graph'],
  ['graph', '--all'],
  ['cdi'],
  ['nfd'],
  ['bind', '--dry-run'],
  ['rules', 'render'],
  ['rules', 'check'],
  ['rules', 'install', '--dry-run'],
  ['rules', 'uninstall', '--dry-run'],
  ['config', 'check'],
  ['config', 'show'],
];

const policy = `[names]
by-path = true

[names.by-alias]
gpu = { name = "0000:01:00.0" }

[[link]]
match = { bus = "pci", not = { vendor = "0x1002" } }
name = 'by-card/{{replace name ":" "_"}}'

[[access]]
match = { driver = "vfio-pci" }
group = "36"

[[bind]]
match = { name = "0000:0*" }
`;

for (const line of lines) {
  const schema = (line[0] === 'rules' || line[0] === 'config' ? line.slice(0, 2) : line.slice(0, 1)).join(
    '-',
  );
  test(`the document of ${line.join(' ')} matches its schema`, async (t) => {
    const { root, run } = sample(t);
    root.write('/etc/vfio-names/10.toml', policy);
    root.node('/dev/iommu', '10:125');
    root.write('/sys/class/misc/iommu/dev', '10:125\n');
    const { out, err, status } = await run(...line, '--json');
    if (out === '') t.fail(`status ${status}: ${err.join(' ')}`);
    // Without the right to create nodes, the nodes of the sample are plain files for a program in a process of its own.
    const rejected = process.getuid?.() !== 0 && line[0] === 'resolve' && status === 1;
    validJson(t, rejected ? 'error' : schema, out);
  });
}

const byOrder = (a: string, b: string): number => orderOf(a) - orderOf(b);
const orderOf = (name: string): number => commands.findIndex((command) => command.name === name);

test('every command that prints a document is in the table of this file', (t) => {
  const tested = new Set(lines.flatMap((line) => [line[0], line.slice(0, 2).join(' ')]));
  t.deepEqual(
    commands.map(({ name }) => name).filter((name) => !tested.has(name)),
    // exec opens devices, which it does not do below --root; config schema prints the schema.
    ['probe', 'watch', 'exec', 'config schema'].toSorted(byOrder),
  );
});

for (const { name } of commands)
  test(`${name} --json prints an error as one document, with the line on stderr and the same exit status`, async (t) => {
    const line = [...name.split(' '), '--frobnicate'];
    const plain = await runCli(line);
    const { status, out, err } = await runCli([...line, '--json']);
    t.deepEqual([status, err], [plain.status, plain.err]);
    t.is(plain.out, '');
    const { error } = validJson<ErrorDocument>(t, 'error', out);
    t.is(error.code, 'usage');
    t.is(error.status, status);
    t.is(err[0], `vfio-names: ${error.message}; ${error.hint}`);
    t.is((await runCli([...line, '--json', '-q'])).out, '');
  });

test('the document of an error has the device or the path, and the hint apart from the message', async (t) => {
  const { run } = sample(t);
  const missing = validJson<ErrorDocument>(t, 'error', (await run('resolve', '0000:01:00.9', '--json')).out);
  t.like(missing.error, { code: 'no-device', name: '0000:01:00.9', status: 3 });
  t.false(missing.error.message.includes(missing.error.hint ?? '?'));
  const root = fakeRoot(t);
  const policyFile = await runCli(['list', '--json', '--root', root.at('/none')]);
  const { error } = validJson<ErrorDocument>(t, 'error', policyFile.out);
  t.like(error, { code: 'usage', file: root.at('/none'), status: 2 });
});

test('numbers are numbers in every document, and cdev has a reason only if there is none', async (t) => {
  const { run } = sample(t);
  interface Device {
    readonly name: string;
    readonly group?: number;
    readonly numaNode?: number;
    readonly function?: number;
    readonly cdev: { readonly available: boolean; readonly reason?: string };
  }
  const { devices } = JSON.parse((await run('list', '--json')).out) as { devices: Device[] };
  const device = devices.find(({ name }) => name === '0000:01:00.0');
  t.like(device, { group: 14, numaNode: 0, function: 0, cdev: { available: true } });
  t.false('reason' in (device?.cdev ?? {}));
  const without = devices.find(({ name }) => name === '0000:03:00.0');
  t.false(without?.cdev.available);
  t.regex(without?.cdev.reason ?? '', /CONFIG_VFIO_DEVICE_CDEV/);
  const shown = JSON.parse((await run('show', '0000:01:00.0', '--json')).out) as Device;
  t.like(shown, { group: 14, numaNode: 0 });
  const { devices: drawn } = JSON.parse((await run('graph', '--json')).out) as { devices: Device[] };
  t.is(drawn.find(({ name }) => name === '0000:01:00.0')?.group, 14);
});

test('the settings of config show have the types of the policy', async (t) => {
  const { root, run } = sample(t);
  root.write('/etc/vfio-names/10.toml', `scheme = 1\n${policy}`);
  const { settings } = JSON.parse((await run('config', 'show', '--json')).out) as {
    settings: { key: string; value?: unknown }[];
  };
  t.deepEqual(
    settings.map(({ key, value }) => [key, value]),
    [
      ['scheme', 1],
      ['names.by-path', true],
      ['names.by-alias.gpu', undefined],
    ],
  );
});
