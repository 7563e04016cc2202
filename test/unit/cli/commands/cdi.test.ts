import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type CdiDevice, cdiSpec, cdiText, isDeviceName, isKind } from '../../../../src/cdi/spec.ts';
import { cdiErrors } from '../../../support/cdi-shape.ts';
import { type CliResult, runCli } from '../../../support/cli.ts';
import { canUseNodes, type FakeRoot, fakeRoot } from '../../../support/fake-root.ts';
import { schemaErrors } from '../../../support/schema.ts';

const checksName = test.macro({
  exec(t, check: (name: string) => boolean, name: string, expected: boolean) {
    t.is(check(name), expected);
  },
  title: (_, check: (name: string) => boolean, name: string, expected: boolean) =>
    `${check.name} ${expected ? 'accepts' : 'rejects'} ${JSON.stringify(name)}`,
});
for (const name of ['0000:01:00.0', '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', 'a', '0', 'a.b_c'])
  test(checksName, isDeviceName, name, true);
for (const name of ['', ':1', '1:', 'a b', 'a/b', 'a\n', 'ü', '-a', '.'])
  test(checksName, isDeviceName, name, false);
for (const kind of ['vfio-names.dev/pci', 'a/b', 'v_x.y/fsl-mc', 'V9/c_9'])
  test(checksName, isKind, kind, true);
for (const kind of ['', 'a', '/a', 'a/', '9a/b', 'a/9b', 'a./b', 'a/b-', 'a/b.c', 'a/b/c', 'a/b\n', 'a b/c'])
  test(checksName, isKind, kind, false);

const device = (overrides: Partial<CdiDevice> = {}): CdiDevice => ({
  name: '0000:01:00.0',
  nodes: ['/dev/vfio/devices/vfio3'],
  group: '14',
  numaNode: '0',
  ...overrides,
});

test('cdiSpec uses version 0.6.0 only if a device has annotations', (t) => {
  t.is(cdiSpec('a/b', 'cdev', [device()], false).cdiVersion, '0.5.0');
  const annotated = cdiSpec('a/b', 'cdev', [device(), device({ name: 'x', numaNode: undefined })], true);
  t.is(annotated.cdiVersion, '0.6.0');
  t.deepEqual(annotated.devices[0]?.annotations, {
    'vfio-names.dev/iommu-group': '14',
    'vfio-names.dev/numa-node': '0',
  });
  t.deepEqual(annotated.devices[1]?.annotations, { 'vfio-names.dev/iommu-group': '14' });
  const bare = cdiSpec('a/b', 'cdev', [device({ group: undefined, numaNode: undefined })], true);
  t.is(bare.cdiVersion, '0.5.0');
  t.false('annotations' in (bare.devices[0] ?? {}));
});

test('cdiSpec produces valid CDI documents for any devices', (t) => {
  const anyDevice = fc.record({
    name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,20}[A-Za-z0-9]$/),
    nodes: fc.array(
      fc.nat(99).map((number) => `/dev/vfio/devices/vfio${number}`),
      { minLength: 1, maxLength: 3 },
    ),
    group: fc.option(fc.nat(99).map(String), { nil: undefined }),
    numaNode: fc.option(fc.nat(3).map(String), { nil: undefined }),
  });
  const anyDevices = fc.uniqueArray(anyDevice, { selector: ({ name }) => name, minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(anyDevices, fc.constantFrom('cdev', 'group'), fc.boolean(), (devices, by, annotate) => {
      t.deepEqual(cdiErrors(JSON.parse(cdiText(cdiSpec('vfio-names.dev/pci', by, devices, annotate)))), []);
    }),
    { numRuns: 100 },
  );
});

test('the CDI shape check rejects documents that runtimes reject', (t) => {
  const validSpec = cdiSpec('vfio-names.dev/pci', 'cdev', [device()], true);
  t.deepEqual(cdiErrors(validSpec), []);
  const [first] = validSpec.devices;
  for (const [what, spec] of Object.entries({
    'no device': { ...validSpec, devices: [] },
    'an unknown field': { ...validSpec, version: 1 },
    'annotations in 0.5.0': { ...validSpec, cdiVersion: '0.5.0' },
    'duplicate names': { ...validSpec, devices: [first, first] },
    'an invalid name': { ...validSpec, devices: [{ ...first, name: 'a/b' }] },
    'no edits': { ...validSpec, devices: [{ name: 'a', containerEdits: {} }] },
    'an invalid kind': { ...validSpec, kind: 'pci' },
  }))
    t.not(cdiErrors(spec).length, 0, what);
});

interface Machine {
  readonly root: FakeRoot;
  readonly run: (...args: string[]) => Promise<CliResult>;
}

/** Two PCI devices in two groups with all nodes, and an mdev. */
function machine(t: ExecutionContext): Machine {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio3', group: '14', attributes: { numa_node: '1' } });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1', group: '15', attributes: { numa_node: '-1' } });
  root.add({ bus: 'mdev', name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', sysname: 'vfio2', group: '16' });
  for (const [path, attribute, devnum] of [
    ['/dev/iommu', 'misc/iommu', '10:125'],
    ['/dev/vfio/vfio', 'misc/vfio', '10:196'],
    ['/dev/vfio/14', 'vfio/14', '246:14'],
    ['/dev/vfio/15', 'vfio/15', '246:15'],
  ] as const) {
    root.node(path, devnum);
    root.write(`/sys/class/${attribute}/dev`, `${devnum}\n`);
  }
  return { root, run: (...args) => runCli(['cdi', '--root', root.dir, ...args]) };
}

interface Spec {
  readonly kind: string;
  readonly containerEdits: { readonly deviceNodes: readonly { readonly path: string }[] };
  readonly devices: readonly {
    readonly name: string;
    readonly containerEdits: { readonly deviceNodes: readonly { readonly path: string }[] };
  }[];
}

/** Returns the node of each device by name, and the shared node by kind. */
function nodesOf(text: string): Record<string, string | undefined> {
  const spec = JSON.parse(text) as Spec;
  return {
    [spec.kind]: spec.containerEdits.deviceNodes[0]?.path,
    ...Object.fromEntries(
      spec.devices.map(({ name, containerEdits }) => [name, containerEdits.deviceNodes[0]?.path]),
    ),
  };
}

for (const [file, ...args] of [
  ['cdev'],
  ['group', '--interface', 'group'],
  ['annotated', '--annotate', '--kind', 'example.com/gpu'],
  ['mdev', '--bus', 'mdev'],
] as const)
  test(`cdi prints a valid document equal to the golden file ${file}.json`, async (t) => {
    const { status, out, err } = await machine(t).run(...args);
    t.is(status, 0);
    t.deepEqual(err, []);
    t.deepEqual(cdiErrors(JSON.parse(out)), []);
    const golden = new URL(`../../../golden/cdi/${file}.json`, import.meta.url);
    if (process.env['UPDATE_GOLDEN']) {
      fs.mkdirSync(new URL('.', golden), { recursive: true });
      fs.writeFileSync(golden, out);
    }
    t.is(out, fs.readFileSync(golden, 'utf8'));
  });

test('cdi uses groups for --interface auto without iommufd, and fails for --interface cdev', async (t) => {
  const { root, run } = machine(t);
  fs.rmSync(root.at('/dev/iommu'));
  fs.rmSync(root.at('/sys/class/misc/iommu'), { recursive: true });
  t.deepEqual(nodesOf((await run()).out), {
    'vfio-names.dev/pci': '/dev/vfio/vfio',
    '0000:01:00.0': '/dev/vfio/14',
    '0000:02:00.0': '/dev/vfio/15',
  });
  const { status, out, err } = await run('--interface', 'cdev');
  t.is(status, 5);
  t.is(out, '');
  t.regex(err.join(), /expected \/dev\/iommu for the interface cdev, found nothing; load the module iommufd/);
});

test('cdi names the missing /dev/iommu once on a machine without groups, and --interface group the missing groups', async (t) => {
  const { root, run } = machine(t);
  fs.rmSync(root.at('/dev/iommu'));
  fs.rmSync(root.at('/sys/class/misc/iommu'), { recursive: true });
  fs.rmSync(root.at('/sys/class/vfio'), { recursive: true });
  for (const group of ['14', '15']) fs.rmSync(root.at(`/dev/vfio/${group}`));
  const { status, err } = await run();
  t.is(status, 5);
  t.deepEqual(err, [
    'vfio-names: expected /dev/iommu for the interface cdev, found nothing; load the module iommufd or boot a kernel with CONFIG_IOMMUFD; in a container, pass it in',
  ]);
  const group = await run('--interface', 'group');
  t.is(group.status, 5);
  t.deepEqual(group.err, [
    'vfio-names: expected group nodes for the interface group, found none: this kernel lists no group in /sys/class/vfio; use a kernel with CONFIG_VFIO_GROUP, or with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV',
  ]);
});

test('cdi and nfd agree on the interface of a machine that has /dev/iommu, but not its number in sysfs', async (t) => {
  const { root, run } = machine(t);
  fs.rmSync(root.at('/sys/class/misc/iommu'), { recursive: true });
  t.is((JSON.parse((await run('--json')).out) as { interface: string }).interface, 'cdev');
  const { out } = await runCli(['nfd', '--root', root.dir]);
  t.regex(out, /interface=cdev\n.*iommufd=true\n|iommufd=true\n(?:.*\n)*.*interface=cdev/);
});

test('cdi treats a shared node with the wrong device number as missing', async (t) => {
  const { root, run } = machine(t);
  root.node('/dev/iommu', '1:3');
  t.is((await run('--interface', 'cdev')).status, 5);
  root.node('/dev/vfio/vfio', '1:3');
  const { status, err } = await run();
  t.is(status, 5);
  t.regex(err.join(), /expected \/dev\/iommu .*found the device 1:3/);
  t.regex(
    (await run('--interface', 'group')).err.join(),
    /expected \/dev\/vfio\/vfio .*found the device 1:3/,
  );
});

test('cdi skips devices that cannot be in the document, reports why, and exits with status 1', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: '0000:03:00.0', sysname: 'noiommu-vfio5', devnum: false, group: '17' });
  root.add({ name: 'bad name', sysname: 'vfio6' });
  root.node('/dev/vfio/devices/vfio1', '1:3');
  const { status, out, err } = await run();
  t.is(status, 1);
  t.deepEqual(nodesOf(out), {
    'vfio-names.dev/pci': '/dev/iommu',
    '0000:01:00.0': '/dev/vfio/devices/vfio3',
  });
  t.is(err.length, 3);
  t.regex(err.join('\n'), /0000:02:00\.0 is left out: expected the character device 247:1/);
  t.regex(err.join('\n'), /0000:03:00\.0 is left out: .*found one without, which gives no isolation/);
  t.regex(err.join('\n'), /bad name is left out: .*as CDI wants its names/);
});

test('cdi --interface group says which node gives no isolation', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: '0000:03:00.0', sysname: 'vfio5', devnum: false, group: '17', driver: 'vfio-pci' });
  root.addGroup('noiommu-17', '246:17');
  const { status, out, err } = await run('--interface', 'group');
  t.is(status, 0);
  t.is(nodesOf(out)['0000:03:00.0'], '/dev/vfio/noiommu-17');
  t.deepEqual(err, ['vfio-names: 0000:03:00.0 has no IOMMU: its node gives no isolation']);
});

test('cdi exits with status 1 if a device could not be read', async (t) => {
  const { root, run } = machine(t);
  root.write('/sys/class/vfio-dev/vfio9', '');
  const { status, out, err } = await run();
  t.is(status, 1);
  t.deepEqual(err, ['vfio-names: /sys/class/vfio-dev/vfio9: EINVAL, ignoring']);
  t.is((JSON.parse(out) as Spec).devices.length, 2);
});

test('cdi --interface group skips devices without a group, without a group node, or with a wrong group node', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: '0000:03:00.0', sysname: 'vfio5' });
  root.node('/dev/vfio/15', '1:3');
  fs.rmSync(root.at('/dev/vfio/14'));
  const { status, out, err } = await run('--interface', 'group');
  t.is(status, 1);
  t.is(out, '');
  t.regex(
    err.join('\n'),
    /01:00\.0 is left out: expected the character device 246:14 at \/dev\/vfio\/14, found nothing/,
  );
  t.regex(err.join('\n'), /02:00\.0 is left out: .*found the device 1:3/);
  t.regex(err.join('\n'), /03:00\.0 is left out: expected an IOMMU group/);
});

test("cdi leaves out a device where the kernel's own path is missing and /dev/char leads to another link", async (t) => {
  const { root, run } = machine(t);
  fs.renameSync(root.at('/dev/vfio/devices/vfio3'), root.at('/dev/elsewhere'));
  root.linkTo('/dev/char/247:3', '/dev/middle');
  root.linkTo('/dev/middle', '/dev/elsewhere');
  const { status, out, err } = await run();
  t.is(status, 1, err.join('\n'));
  t.is(nodesOf(out)['0000:01:00.0'], undefined);
});

const whenNodes = canUseNodes() ? test : test.skip;

// At the end of a link, a file that stands in for a node is a file.
whenNodes(
  "cdi names the node at the end of the link in /dev/char where the kernel's own path is missing",
  async (t) => {
    const { root, run } = machine(t);
    fs.renameSync(root.at('/dev/vfio/devices/vfio3'), root.at('/dev/elsewhere'));
    root.linkTo('/dev/char/247:3', '/dev/elsewhere');
    const { status, out, err } = await run();
    t.is(status, 0, err.join('\n'));
    t.is(nodesOf(out)['0000:01:00.0'], '/dev/elsewhere');
  },
);

/** The paths of the nodes of each device. */
function allNodesOf(text: string): Record<string, string[]> {
  const { devices } = JSON.parse(text) as Spec;
  return Object.fromEntries(
    devices.map(({ name, containerEdits }) => [name, containerEdits.deviceNodes.map(({ path }) => path)]),
  );
}

test('cdi --whole-groups gives each device the nodes of its whole group, of which the kernel gives all or nothing', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: '0000:01:00.1', sysname: 'vfio5', group: '14' });
  const { status, out } = await run('--whole-groups');
  t.is(status, 0);
  t.deepEqual(cdiErrors(JSON.parse(out)), []);
  t.deepEqual(allNodesOf(out), {
    '0000:01:00.0': ['/dev/vfio/devices/vfio3', '/dev/vfio/devices/vfio5'],
    '0000:01:00.1': ['/dev/vfio/devices/vfio5', '/dev/vfio/devices/vfio3'],
    '0000:02:00.0': ['/dev/vfio/devices/vfio1'],
  });
  t.deepEqual(allNodesOf((await run('--whole-groups', '--interface', 'group')).out), {
    '0000:01:00.0': ['/dev/vfio/14'],
    '0000:01:00.1': ['/dev/vfio/14'],
    '0000:02:00.0': ['/dev/vfio/15'],
  });
});

test('cdi has the nodes of groups on a kernel before 6.1', async (t) => {
  const { root, run } = machine(t);
  for (const [name, group] of [
    ['0000:01:00.0', '14'],
    ['0000:02:00.0', '15'],
  ] as const)
    root.add({ name, driver: 'vfio-pci', group });
  root.withoutVfioClass();
  fs.rmSync(root.at('/sys/class/misc/iommu'), { recursive: true });
  fs.rmSync(root.at('/dev/iommu'));
  const { status, out, err } = await run();
  t.is(status, 0);
  t.deepEqual(err, []);
  t.deepEqual(nodesOf(out), {
    'vfio-names.dev/pci': '/dev/vfio/vfio',
    '0000:01:00.0': '/dev/vfio/14',
    '0000:02:00.0': '/dev/vfio/15',
  });
});

test('cdi --whole-groups skips a device whose group a driver of the host keeps closed, and names that device', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
  for (const args of [[], ['--interface', 'group']]) {
    const { status, out, err } = await run('--whole-groups', ...args);
    t.is(status, 1);
    t.deepEqual(Object.keys(allNodesOf(out)), ['0000:02:00.0']);
    t.deepEqual(err, [
      'vfio-names: 0000:01:00.0 is left out: IOMMU group 14 is not viable: 0000:01:00.1 (snd_hda_intel) is bound to a driver of the host; bind it to vfio-pci, too, or to no driver',
    ]);
  }
  t.is((await run()).status, 0);
});

test('cdi --whole-groups skips a device if the node of another one of its group is wrong', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: '0000:01:00.1', sysname: 'vfio5', group: '14' });
  root.node('/dev/vfio/devices/vfio5', '1:3');
  const { status, out } = await run('--whole-groups');
  t.is(status, 1);
  t.deepEqual(Object.keys(allNodesOf(out)), ['0000:02:00.0']);
});

const rejects = test.macro({
  async exec(t, args: readonly string[], pattern: RegExp) {
    const { status, out, err } = await machine(t).run(...args);
    t.is(status, 2);
    t.is(out, '');
    t.regex(err.join('\n'), pattern);
  },
  title: (_, args: readonly string[]) => `cdi rejects ${args.join(' ')}`,
});
test(rejects, ['--kind', 'pci'], /expected --kind to be VENDOR\/CLASS.*found pci/);
test(rejects, ['--bus', 'pcie'], /expected a bus after --bus, found pcie.*did you mean pci\?/);
test(
  rejects,
  ['--bus', 'usb'],
  /found usb, which this machine does not have; buses of VFIO devices are pci, /,
);
test(rejects, ['--interface', 'both'], /expected --interface to be one of cdev, group, auto/);
test(rejects, ['--output', '/etc/cdi/x.yaml'], /expected --output to end in \.json/);
test(rejects, ['--output', '/etc/cdi/.json'], /expected --output to end in \.json/);

test('cdi --output creates the file and its directory, keeps it while it is correct, replaces it, and removes it with the last device', async (t) => {
  const { root, run } = machine(t);
  const file = root.at('/run/cdi/vfio.json');
  const put = async (): Promise<string> => (await run('--output', file)).out.split(' ')[0] ?? '';
  t.is(await put(), 'written');
  const { ino } = fs.statSync(file);
  t.is(fs.readFileSync(file, 'utf8'), (await run()).out);
  t.is(fs.statSync(file).mode & 0o7777, 0o644);
  t.is(await put(), 'unchanged');
  t.is(fs.statSync(file).ino, ino);
  // A runtime in memory keeps the number of a node until the file changes.
  fs.utimesSync(file, 1, 1);
  t.is(await put(), 'written');
  t.is(await put(), 'unchanged');
  fs.rmSync(root.at('/sys/class/vfio-dev/vfio3'));
  t.is(await put(), 'written');
  t.deepEqual(Object.keys(nodesOf(fs.readFileSync(file, 'utf8'))), ['vfio-names.dev/pci', '0000:02:00.0']);
  fs.rmSync(root.at('/sys/class/vfio-dev/vfio1'));
  t.is(await put(), 'removed');
  t.is(await put(), 'absent');
  t.deepEqual(fs.readdirSync(root.at('/run/cdi')), []);
  fs.rmdirSync(root.at('/run/cdi'));
  t.is(await put(), 'absent');
  t.false(fs.existsSync(root.at('/run/cdi')), 'no directory is created without a device');
  const { status, out, err } = await run('--output', '-');
  t.is(status, 0);
  t.is(out, '');
  t.regex(err.join(), /no device of the bus pci/);
});

for (const [what, make] of Object.entries<(root: FakeRoot, path: string) => void>({
  'a file of another kind': (root, path) =>
    root.write(path, '{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu"}'),
  'a file that is not JSON': (root, path) => root.write(path, 'devices: []'),
  null: (root, path) => root.write(path, 'null'),
  'a link': (root, path) => {
    root.write('/elsewhere', '{"kind":"vfio-names.dev/pci"}');
    root.linkTo(path, '/elsewhere');
  },
  'a directory': (root, path) => root.write(`${path}/below`, ''),
}))
  test(`cdi --output does not replace or remove ${what} at the path of the file`, async (t) => {
    const { root, run } = machine(t);
    const path = '/run/cdi/vfio.json';
    make(root, path);
    const before = fs.lstatSync(root.at(path));
    for (const bus of ['pci', 'cdx']) {
      const args = ['--bus', bus, '--kind', 'vfio-names.dev/pci', '--output', root.at(path)];
      const { status, err } = await run(...args);
      t.is(status, 1);
      t.regex(err.join('\n'), /expected a CDI specification of the kind vfio-names\.dev\/pci or nothing at/);
    }
    const after = fs.lstatSync(root.at(path));
    t.is(after.ino, before.ino);
    t.is(after.mtimeMs, before.mtimeMs);
    t.deepEqual(fs.readdirSync(root.at('/run/cdi')), ['vfio.json']);
  });

test('cdi --output does not follow a link at the path of the directory', async (t) => {
  const { root, run } = machine(t);
  fs.mkdirSync(root.at('/elsewhere'));
  root.linkTo('/run/cdi', '/elsewhere');
  const { status, err } = await run('--output', root.at('/run/cdi/vfio.json'));
  t.is(status, 1);
  t.regex(err.join('\n'), /could not write the CDI specification: .*(ENOTDIR|ELOOP)/);
  t.deepEqual(fs.readdirSync(root.at('/elsewhere')), []);
});

test('cdi --json has the document or the change of the file, and the skipped devices', async (t) => {
  const { root, run } = machine(t);
  root.add({ name: 'bad name', sysname: 'vfio6' });
  const file = root.at('/run/cdi/vfio.json');
  const results = [
    await run('--json'),
    await run('--json', '--output', file),
    await run('--json', '--bus', 'CDX'),
  ];
  const [plain, written, none] = results.map(({ out }) => JSON.parse(out) as Record<string, unknown>);
  for (const document of [plain, written, none]) t.deepEqual(schemaErrors('cdi', document), []);
  t.like(plain, { version: 1, bus: 'pci', kind: 'vfio-names.dev/pci', interface: 'cdev' });
  t.like(plain, { skipped: [{ name: 'bad name', node: 'vfio6' }] });
  t.deepEqual(plain?.['document'], JSON.parse(fs.readFileSync(file, 'utf8')));
  t.like(written, { output: file, fileState: 'written' });
  t.false('document' in (none ?? {}));
});
