import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { schemaErrors, validJson } from '../../../support/schema.ts';
import { sample, uuid } from '../sample.ts';

test('list is the default command and prints one row per device, notes, and the number of devices in each state', async (t) => {
  const { root, run } = sample(t);
  await run('sync');
  root.linkWithTarget('/dev/vfio/pci/10000:01:00.0', '../devices/vfio0');
  const { status, out, err } = await run();
  t.is(status, 0);
  t.deepEqual(err, []);
  t.is(
    out,
    `${[
      'NAME                                       DEVICE     DRIVER            GROUP  STATE',
      `mdev/${uuid}             nvidia-vgpu-vfio  -      ok`,
      'pci/0000:01:00.0                           10de:2204  vfio-pci          14     ok',
      'pci/0000:03:00.0                                      vfio-pci          16     no node [1]',
      'pci/10000:01:00.0                                     vfio-pci          15     wrong link',
      '[1] this kernel does not create a node for the device (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU); only /dev/vfio/16',
      '4 devices: 2 ok, 1 wrong link, 1 no node; see vfio-names verify',
    ].join('\n')}\n`,
  );
  for (const word of ['list', 'ls', 'status']) t.deepEqual(await run(word), { status, out, err });
});

test('list prints thousands of devices in order, with columns as wide as the widest cell', async (t) => {
  const root = fakeRoot(t);
  const count = 2100;
  const nameOf = (index: number): string =>
    `0000:${(index >> 8).toString(16).padStart(2, '0')}:${((index >> 3) & 31).toString(16).padStart(2, '0')}.${index & 7}`;
  for (let number = 0; number < count; number++)
    root.add({
      name: nameOf(count - 1 - number),
      sysname: `vfio${number}`,
      noNode: true,
      ...(number === 0 && { driver: 'a-driver-with-a-long-name' }),
    });
  const { status, out, err } = await runCli(['list', '--root', root.dir]);
  t.is(status, 0);
  t.deepEqual(err, []);
  const [head, ...rows] = out.split('\n');
  const line = (name: string, driver: string, group: string, state: string): string =>
    [name.padEnd(16), driver.padEnd(25), group.padEnd(5), state].join('  ');
  t.is(head, line('NAME', 'DRIVER', 'GROUP', 'STATE'));
  t.deepEqual(rows, [
    ...Array.from({ length: count }, (_, index) =>
      line(
        `pci/${nameOf(index)}`,
        index === count - 1 ? 'a-driver-with-a-long-name' : '-',
        '-',
        'no node [1]',
      ),
    ),
    '[1] the node is not in /dev/vfio/devices',
    `${count} devices: all no node; see vfio-names verify`,
    '',
  ]);
});

test('list has the aliases of devices in the first column', async (t) => {
  const { root, run } = sample(t);
  root.write(
    '/etc/vfio-names/a.toml',
    '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\nfirst = { name = "0000:01:00.0" }\n',
  );
  const { out } = await run('list', '--bus', 'pci', '--sort', 'alias');
  t.deepEqual(
    out.split('\n').map((line) => line.slice(0, 30).trimEnd()),
    [
      'ALIAS      NAME',
      '           pci/0000:03:00.0',
      '           pci/10000:01:00.0',
      'first,gpu  pci/0000:01:00.0',
      '[1] this kernel does not creat',
      '3 devices: 2 link missing, 1 n',
      '',
    ],
  );
});

test('list --long adds columns, and --columns chooses them', async (t) => {
  const { run } = sample(t);
  const { out } = await run('list', '--long', '--bus', 'mdev');
  t.regex(out, /^NAME .* NODE +DEVNUM .* OWNER +NUMA .* VF +STATE$/m);
  t.regex(out, new RegExp(`^mdev/${uuid} +vfio2 +247:2 `, 'm'));
  t.notRegex(out, /pci\//);
  const chosen = await run('list', '--columns', 'node, NAME,ids', '--no-header', '--sort', 'node');
  t.is(
    chosen.out,
    `/dev/vfio/16  pci/0000:03:00.0                           -\nvfio0         pci/0000:01:00.0                           10de:2204\nvfio1         pci/10000:01:00.0                          -\nvfio2         mdev/${uuid}  -\n`,
  );
});

const selects = test.macro({
  async exec(
    t,
    args: readonly string[],
    expected: readonly string[],
    status: number = 0,
    error: RegExp = /^$/,
  ) {
    const { run } = sample(t);
    const result = await run('list', '--no-header', '--columns', 'name', ...args);
    t.is(result.out, expected.map((name) => `${name}\n`).join(''));
    t.is(result.status, status);
    t.regex(result.err.join('\n'), error);
    const { status: jsonStatus } = await run('list', '--json', ...args);
    t.is(jsonStatus, status);
  },
  title: (_, args: readonly string[]) => `list ${args.join(' ')} prints the devices that fit, or an error`,
});
const [mdev, gpu, nodeless, other] = [
  `mdev/${uuid}`,
  'pci/0000:01:00.0',
  'pci/0000:03:00.0',
  'pci/10000:01:00.0',
];
test(selects, ['0000:01:00.0', 'vfio2'], [mdev, gpu]);
test(selects, ['vfio2', 'vfio2', '--bus', 'pci'], [], 3, /no device of the bus pci|fits/);
test(selects, ['--bus', 'PCI', '--driver', 'vfio-pci'], [gpu, nodeless, other]);
test(selects, ['--group', '14'], [gpu]);
test(selects, ['--group', '/dev/vfio/14'], [gpu]);
test(selects, ['mdev'], [], 3, /found none called mdev; did you mean --bus mdev\?$/);
test(selects, ['nvidia-vgpu-vfio'], [], 3, /; did you mean --driver nvidia-vgpu-vfio\?$/);
test(selects, ['nvidia'], [], 3, /found none called nvidia; vfio-names list shows the devices$/);
test(selects, ['--state', 'no-node'], [nodeless]);
test(selects, ['--state', 'Link Missing,no-node', '--bus', 'pci'], [gpu, nodeless, other]);
test(
  selects,
  ['--driver', 'nvme', '--group', '14'],
  [],
  3,
  /no VFIO device fits --driver nvme --group 14; vfio-names list shows all$/,
);
test(selects, ['--sort', 'driver,node', '--bus', 'pci'], [nodeless, gpu, other]);
test(selects, ['nonsense'], [], 3, /none called nonsense/);
test(selects, ['01:00.0'], [], 2, /fits 2 devices/);
test(
  selects,
  ['--columns', 'nam'],
  [],
  2,
  /expected columns of list after --columns, found nam; did you mean name\?$/,
);
test(
  selects,
  ['--sort', 'name,'],
  [],
  2,
  /expected columns of list after --sort, found an empty argument; the columns are /,
);
test(selects, ['--state', 'okay'], [], 2, /expected a state after --state, found okay/);

test('list --tree draws VFs and mediated devices below their physical function', async (t) => {
  const root = fakeRoot(t);
  const pf = root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
  for (const vf of [1, 2]) {
    const { syspath } = root.add({ name: `0000:02:00.${vf}`, sysname: `vfio${vf}` });
    root.linkTo(`${syspath}/physfn`, pf.syspath);
  }
  root.add({ bus: 'mdev', name: uuid, sysname: 'vfio3', parent: '/sys/devices/pci0000:00/0000:02:00.1' });
  const alone = root.add({ name: '0000:01:00.1', sysname: 'vfio4' });
  root.linkTo(`${alone.syspath}/physfn`, '/sys/devices/pci0000:00/0000:01:00.0');
  const list = async (...args: readonly string[]): Promise<string[]> => {
    const columns = ['--tree', '--columns', 'name', '--no-header', '--root', root.dir];
    return (await runCli(['list', ...columns, ...args])).out.split('\n');
  };
  t.deepEqual(await list(), [
    'pci/0000:01:00.1',
    'pci/0000:02:00.0',
    '├─ pci/0000:02:00.1',
    `│  └─ mdev/${uuid}`,
    '└─ pci/0000:02:00.2',
    '',
  ]);
  t.deepEqual(await list('--bus', 'mdev'), [`mdev/${uuid}`, '']);
});

test('list --tree prints devices that are below each other, which only a damaged sysfs has', async (t) => {
  const root = fakeRoot(t);
  const [a, b] = [1, 2].map((vf) => root.add({ name: `0000:02:00.${vf}`, sysname: `vfio${vf}` }));
  if (!a || !b) return t.fail();
  root.linkTo(`${a.syspath}/physfn`, b.syspath);
  root.linkTo(`${b.syspath}/physfn`, a.syspath);
  const { out } = await runCli(['list', '--tree', '--no-header', '--columns', 'name', '--root', root.dir]);
  t.is(out, 'pci/0000:02:00.1\npci/0000:02:00.2\n');
});

test('list marks a group that another driver keeps from VFIO, and reports it once', async (t) => {
  const root = fakeRoot(t);
  for (const number of [0, 1])
    root.add({ name: `0000:01:00.${number}`, sysname: `vfio${number}`, group: '14' });
  root.add({ name: '0000:01:00.2', driver: 'snd_hda_intel', group: '14' });
  const { out } = await runCli(['list', '--columns', 'name,state', '--root', root.dir]);
  t.is(
    out,
    'NAME              STATE\npci/0000:01:00.0  link missing [1]\npci/0000:01:00.1  link missing [1]\n[1] group 14 cannot be used until 0000:01:00.2 (snd_hda_intel) is unbound\n2 devices: all link missing; 2 in a group that cannot be used; see vfio-names verify\n',
  );
});

test('list counts devices without findings whose group cannot be used, and does not show them in green', async (t) => {
  const root = fakeRoot(t);
  for (const [name, group] of [
    ['0000:01:00.0', '14'],
    ['0000:02:00.0', '15'],
  ] as const)
    root.add({ name, sysname: `vfio${group}`, group });
  root.add({ name: '0000:01:00.2', driver: 'snd_hda_intel', group: '14' });
  await runCli(['sync', '--root', root.dir]);
  const { out } = await runCli(
    ['list', '--columns', 'name,state', '--root', root.dir],
    {},
    { stdoutIsTty: true, columns: () => 200 },
  );
  t.regex(out, /^pci\/0000:01:00\.0 {2}\u001b\[33mok \[1\]/m);
  t.regex(out, /^pci\/0000:02:00\.0 {2}\u001b\[32mok/m);
  t.regex(out, /^2 devices: all ok; 1 in a group that cannot be used$/m);
});

for (const [columns, expected] of [
  [40, ['NAME                GROUP  STATE', 'mdev/83b8f4f2…1001  -      link missing']],
  [
    60,
    [
      'NAME                DRIVER            GROUP  STATE',
      'mdev/83b8f4f2…1001  nvidia-vgpu-vfio  -      link missing',
    ],
  ],
] as const)
  test(`list fits a terminal of ${columns} columns, with the state in colour`, async (t) => {
    const { root } = sample(t);
    const run = async (...args: readonly string[]): Promise<string> =>
      (await runCli(['list', ...args, '--root', root.dir], {}, { stdoutIsTty: true, columns: () => columns }))
        .out;
    const lines = (await run('--no-color')).split('\n');
    t.deepEqual(lines.slice(0, 2), expected);
    for (const line of lines) t.true(line.length <= columns, line);
    t.is((await run()).replace(/\u001b\[\d+m/g, ''), lines.join('\n'));
    t.regex(await run(), /\u001b\[33mlink missing\u001b\[39m\n/);
  });

test('list --long on a narrow terminal prints several lines for a device', async (t) => {
  const { root } = sample(t);
  const run = async (...args: readonly string[]): Promise<string> =>
    (await runCli(['list', ...args, '--root', root.dir], {}, { stdoutIsTty: true, columns: () => 60 })).out;
  const out = await run('--long', '--no-color');
  t.regex(out, /^pci\/0000:01:00\.0\n {4}.*NODE vfio0 {2}DEVNUM 247:0/m);
  t.regex(out, /STATE link missing$/m);
  for (const line of out.split('\n')) t.true(line.length <= 60, line);
  // Rows for a script stay rows.
  t.regex(await run('--long', '--no-color', '--no-header'), /^pci\/0000:01:00\.0 .* link missing$/m);
});

test('list --json prints one document that matches its schema', async (t) => {
  const { run } = sample(t);
  await run('sync');
  const { status, out } = await run('list', '--json');
  t.is(status, 0);
  const { devices } = validJson<{ devices: { name: string; state: string; links: string[] }[] }>(
    t,
    'list',
    out,
  );
  t.deepEqual(
    devices.map(({ name, state, links }) => [name, state, ...links]),
    [
      [uuid, 'ok', `/dev/vfio/mdev/${uuid}`],
      ['0000:01:00.0', 'ok', '/dev/vfio/pci/0000:01:00.0'],
      ['0000:03:00.0', 'no-node'],
      ['10000:01:00.0', 'ok', '/dev/vfio/pci/10000:01:00.0'],
    ],
  );
});

test('the schema of list rejects invalid documents', (t) => {
  t.not(schemaErrors('list', { version: 1, devices: [{}], problems: [], more: 1 }).length, 0);
});

test('list without devices prints no table, a hint on stderr, and exits with status 0', async (t) => {
  const { root, run } = sample(t);
  root.write('/etc/x', '');
  for (const [index, name] of ['0000:01:00.0', '10000:01:00.0', uuid, '0000:03:00.0'].entries())
    root.unbind({ bus: '', name, sysname: `vfio${index}`, syspath: `/sys/devices/pci0000:00/${name}` });
  t.deepEqual(await run('list'), {
    status: 0,
    out: '',
    err: ['vfio-names: no device is bound to a VFIO driver here; vfio-names doctor shows what is missing'],
  });
  validJson(t, 'list', (await run('list', '--json')).out);
});

test('list reports a malformed device on stderr and prints the others', async (t) => {
  const { root, run } = sample(t);
  root.write('/sys/class/vfio-dev/vfio9', '');
  const { status, out, err } = await run('list');
  t.is(status, 0);
  t.deepEqual(err, ['vfio-names: /sys/class/vfio-dev/vfio9: EINVAL, ignoring']);
  t.is(out.split('\n').length, 8);
  const { problems } = validJson<{ problems: unknown[] }>(t, 'list', (await run('list', '--json')).out);
  t.is(problems.length, 1);
});

test('list counts a device and a group that cannot be read in its summary; sync removes their links with status 1', async (t) => {
  const { root, run } = sample(t);
  root.addGroup('15');
  root.write('/etc/vfio-names/a.toml', '[names]\ngroups = true\n');
  await run('sync');
  const summary = async (): Promise<string> => (await run('list')).out.trimEnd().split('\n').at(-1) ?? '';
  t.is(await summary(), '4 devices: 3 ok, 1 no node');
  root.write('/sys/devices/pci0000:00/0000:01:00.0/vfio-dev/vfio0/dev', 'x\n');
  root.replaceLink('/sys/kernel/iommu_groups/15/devices', '/etc/passwd');
  const unreadable = '3 devices: 2 ok, 1 no node; 2 could not be read; see vfio-names verify';
  t.is(await summary(), unreadable);
  t.is((await run('list')).status, 0);
  const { status, out } = await run('sync');
  t.is(status, 1);
  t.regex(out, /^remove \/dev\/vfio\/groups\/pci\/10000:01:00\.0 /m);
  t.regex(out, /^remove \/dev\/vfio\/pci\/0000:01:00\.0 /m);
  t.is(await summary(), unreadable);
  t.is((await run('verify')).status, 1);
});

test('list escapes control characters in names, but not with --json', async (t) => {
  const { root, run } = sample(t);
  root.add({ bus: 'platform', name: 'evil\n\u001b[2J', sysname: 'vfio7' });
  t.regex((await run('list', '--bus', 'platform')).out, /^platform\/evil__\[2J|platform\/evil_/m);
  root.add({ bus: 'platform', name: 'nodeless\n\u001b[2J', sysname: 'vfio8', devnum: false });
  const { out } = await run('list', '--bus', 'platform');
  t.regex(out, /^platform\/nodeless\\x0a\\x1b\[2J /m);
  t.notRegex(out, /\u001b/);
  const { devices } = validJson<{ devices: { name: string }[] }>(
    t,
    'list',
    (await run('list', '--json')).out,
  );
  t.true(devices.some(({ name }) => name === 'evil\n\u001b[2J'));
});
