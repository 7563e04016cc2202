import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { runCli } from '../../../support/cli.ts';
import { hookedFiles } from '../../../support/hooked-files.ts';
import { validJson } from '../../../support/schema.ts';
import { sample, uuid } from '../sample.ts';

const resolves = test.macro({
  async exec(t, name: string, node: string) {
    const { run } = sample(t);
    t.deepEqual(await run('resolve', name), { status: 0, out: `/dev/vfio/devices/${node}\n`, err: [] });
  },
  title: (_, name: string) => `resolve ${name} prints its node`,
});
test(resolves, '0000:01:00.0', 'vfio0');
test(resolves, '10000:01:00.0', 'vfio1');
test(resolves, 'pci/0000:01:00.0', 'vfio0');
test(resolves, uuid, 'vfio2');
test(resolves, uuid.toUpperCase(), 'vfio2');
test(resolves, `mdev/${uuid}`, 'vfio2');
test(resolves, 'vfio1', 'vfio1');
test(resolves, '247:1', 'vfio1');
test(resolves, '/dev/vfio/devices/vfio1', 'vfio1');
test(resolves, '/dev/vfio/pci/0000:01:00.0', 'vfio0');
test(resolves, '/sys/bus/pci/devices/0000:01:00.0', 'vfio0');
test(resolves, '/sys/devices/pci0000:00/0000:01:00.0/', 'vfio0');
test(resolves, '/sys/class/vfio-dev/vfio1', 'vfio1');

test('resolve accepts a PCI address without domain if it matches one device', async (t) => {
  const { root, run } = sample(t);
  root.add({ name: '0000:05:00.1', sysname: 'vfio5' });
  t.is((await run('resolve', '05:00.1')).out, '/dev/vfio/devices/vfio5\n');
});

test('resolve finds a device by the path of any node with its device number', async (t) => {
  const { root, run } = sample(t);
  root.node('/dev/mine', '247:1');
  t.is((await run('resolve', '/dev/mine')).out, '/dev/vfio/devices/vfio1\n');
});

test("resolve ignores a link that points to another device's node", async (t) => {
  const { root, run } = sample(t);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  t.is((await run('resolve', '/dev/vfio/pci/0000:01:00.0')).out, '/dev/vfio/devices/vfio0\n');
});

const prints = test.macro({
  async exec(t, property: string, name: string, expected: string) {
    const { run } = sample(t);
    t.deepEqual(await run('resolve', name, '--print', property), {
      status: 0,
      out: `${expected}\n`,
      err: [],
    });
  },
  title: (_, property: string, name: string) => `resolve ${name} --print ${property} prints it`,
});
test(prints, 'node', 'vfio0', '/dev/vfio/devices/vfio0');
test(prints, 'link', 'vfio0', '/dev/vfio/pci/0000:01:00.0');
test(prints, 'link', '247:0', '/dev/vfio/pci/0000:01:00.0');
test(prints, 'devnum', 'vfio0', '247:0');
test(prints, 'syspath', 'vfio0', '/sys/devices/pci0000:00/0000:01:00.0');
test(prints, 'group', 'vfio0', '14');

test('resolve --json prints one document that matches its schema', async (t) => {
  const { root, run } = sample(t);
  const { fallbackReason, ...document } = validJson(
    t,
    'resolve',
    (await run('resolve', 'vfio0', '--json')).out,
  );
  t.is(fallbackReason, undefined);
  t.deepEqual(document, {
    version: 1,
    bus: 'pci',
    name: '0000:01:00.0',
    interface: 'cdev',
    node: 'vfio0',
    nodePath: '/dev/vfio/devices/vfio0',
    devnum: '247:0',
    syspath: '/sys/devices/pci0000:00/0000:01:00.0',
    link: '/dev/vfio/pci/0000:01:00.0',
    group: 14,
  });
  fs.renameSync(root.at('/dev/vfio/devices/vfio0'), root.at('/dev/kept'));
  root.linkTo('/dev/char/247:0', '/dev/kept');
  const other = validJson(t, 'resolve', (await run('resolve', 'vfio0', '--json')).out);
  t.is(other['node'], 'vfio0');
  t.is(other['nodePath'], '/dev/char/247:0');
  t.regex(String(other['fallbackReason']), /found nothing$/);
});

test('resolve reports on stderr why it falls back to /dev/char', async (t) => {
  const { root, run } = sample(t);
  fs.renameSync(root.at('/dev/vfio/devices/vfio0'), root.at('/dev/kept'));
  root.linkTo('/dev/char/247:0', '/dev/kept');
  t.deepEqual(await run('resolve', '0000:01:00.0'), {
    status: 0,
    out: '/dev/char/247:0\n',
    err: [
      'vfio-names: expected the character device 247:0 at /dev/vfio/devices/vfio0, found nothing; took /dev/char/247:0 instead',
    ],
  });
});

const fails = test.macro({
  async exec(t, name: string, status: number, message: string) {
    const { root, run } = sample(t);
    fs.rmSync(root.at('/dev/vfio/devices/vfio2'));
    root.node('/dev/vfio/devices/vfio1', '247:7');
    t.deepEqual(await run('resolve', name), { status, out: '', err: [`vfio-names: ${message}`] });
  },
  title: (_, name: string, status: number) => `resolve ${name} fails with status ${status}`,
});
const remedy =
  'unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)';
test(fails, '01:00.0', 2, '01:00.0 fits 2 devices: pci/0000:01:00.0, pci/10000:01:00.0; name one of them');
test(
  fails,
  '0000:01:00.7',
  3,
  'expected a device bound to VFIO, found none called 0000:01:00.7; vfio-names list shows the devices',
);
test(
  fails,
  'vfio2',
  1,
  `expected the character device 247:2 at /dev/vfio/devices/vfio2, found nothing; ${remedy}`,
);
test(
  fails,
  'vfio1',
  1,
  `expected the character device 247:1 at /dev/vfio/devices/vfio1, found the device 247:7; ${remedy}`,
);
test(
  fails,
  '0000:03:00.0',
  5,
  'expected a node for 0000:03:00.0, found none: this kernel does not create a node for the device (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU); use /dev/vfio/16 with --interface group, or a kernel with CONFIG_VFIO_DEVICE_CDEV',
);

test('resolve of a device with a file in place of its node says to remove the file', async (t) => {
  const { root, run } = sample(t);
  fs.rmSync(root.at('/dev/vfio/devices/vfio1'));
  fs.writeFileSync(root.at('/dev/vfio/devices/vfio1'), '');
  const { status, err } = await run('resolve', 'vfio1');
  t.is(status, 1);
  t.deepEqual(err, [
    'vfio-names: expected the character device 247:1 at /dev/vfio/devices/vfio1, found a file; remove /dev/vfio/devices/vfio1, then bind the device again',
  ]);
});

test('resolve --print of a value that the device lacks fails with status 5', async (t) => {
  const { run } = sample(t);
  t.deepEqual(await run('resolve', 'vfio2', '--print', 'group'), {
    status: 5,
    out: '',
    err: [`vfio-names: expected a group of ${uuid}, found none; vfio-names show ${uuid} shows what exists`],
  });
});

test('resolve never prints the wrong node if the device is replaced between two system calls', async (t) => {
  const statuses: number[] = [];
  for (let changeAt = 1, calls = 1; calls >= changeAt; changeAt++) {
    const { root } = sample(t);
    calls = 0;
    const files = hookedFiles(() => {
      if (++calls !== changeAt) return;
      root.unbind({
        bus: 'pci',
        name: '',
        sysname: 'vfio0',
        syspath: '/sys/devices/pci0000:00/0000:01:00.0',
      });
      root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
    });
    const { status, out } = await runCli(['resolve', '0000:01:00.0', '--root', root.dir], { files });
    statuses.push(status);
    // A result is correct only if sysfs was last read before the change.
    if (status === 0) t.true(calls <= changeAt);
    else t.is(out, '');
  }
  t.true(statuses.length > 8);
  t.deepEqual(new Set(statuses), new Set([3, 0]));
});

/** Group 20 of two functions that have nodes of their own, group 21 of one that has none. */
function groups(t: ExecutionContext) {
  const { root, run } = sample(t);
  root.add({ name: '0000:05:00.0', sysname: 'vfio5', driver: 'vfio-pci', group: '20' });
  root.add({ name: '0000:05:00.1', sysname: 'vfio6', driver: 'vfio-pci', group: '20' });
  const parent = '/sys/devices/pci0000:00/0000:00:06.0';
  root.add({
    name: '0000:06:00.0',
    ...{ sysname: 'vfio7', devnum: false, driver: 'vfio-pci', group: '21', parent },
  });
  root.addGroup('20');
  root.addGroup('21');
  return { root, run: async (line: string) => run('resolve', ...line.split(' ')) };
}

const printsLines = test.macro({
  async exec(t, line: string, lines: readonly string[]) {
    t.deepEqual(await groups(t).run(line), { status: 0, out: `${lines.join('\n')}\n`, err: [] });
  },
  title: (_, line: string) => `resolve ${line} prints it`,
});
test(printsLines, '05:00.1 --interface group', ['/dev/vfio/20']);
test(printsLines, '05:00.1 --interface cdev', ['/dev/vfio/devices/vfio6']);
test(printsLines, '05:00.1 --interface auto', ['/dev/vfio/devices/vfio6']);
test(printsLines, '06:00.0 --interface auto', ['/dev/vfio/21']);
test(printsLines, '06:00.0 --print name', ['0000:06:00.0']);
test(printsLines, '06:00.0 --print syspath', ['/sys/devices/pci0000:00/0000:00:06.0/0000:06:00.0']);
test(printsLines, '06:00.0 --print group', ['21']);
test(printsLines, '05:00.1 --interface group --print devnum', ['243:20']);
test(printsLines, '/dev/vfio/20 --interface group', ['/dev/vfio/20']);
test(printsLines, '06:00.0 --interface group --print link', ['/dev/vfio/groups/pci/0000:06:00.0']);
test(printsLines, 'group:20 --interface group --print group', ['20']);
test(printsLines, 'group:21 --interface auto', ['/dev/vfio/21']);
test(printsLines, '05:00.0+group', ['/dev/vfio/devices/vfio5', '/dev/vfio/devices/vfio6']);
test(printsLines, '05:00.0+group --interface group', ['/dev/vfio/20']);
test(printsLines, '05:00.0+group --print name', ['0000:05:00.0', '0000:05:00.1']);
test(printsLines, '05:00.0+group --interface group --print name', ['0000:05:00.0', '0000:05:00.1']);
test(printsLines, '06:00.0+group --interface auto', ['/dev/vfio/21']);

for (const line of ['group:20', '/dev/vfio/20 --print name', 'group:20 --interface group --print syspath'])
  test(`resolve ${line} lists the candidates, since each has another answer`, async (t) => {
    const { status, out, err } = await groups(t).run(line);
    t.is(status, 2);
    t.is(out, '');
    t.regex(err.join(), /is IOMMU group 20 with 2 devices: .*; name one of them$/);
  });

test('resolve NAME+group prints nothing if a driver of the host has a member, and names that', async (t) => {
  const { root, run } = groups(t);
  root.add({ name: '0000:05:00.2', driver: 'snd_hda_intel', group: '20' });
  for (const line of ['05:00.0+group', '05:00.0+group --interface group'])
    t.deepEqual(await run(line), {
      status: 1,
      out: '',
      err: [
        'vfio-names: IOMMU group 20 is not viable: 0000:05:00.2 (snd_hda_intel) is bound to a driver of the host; bind it to vfio-pci, too, or to no driver',
      ],
    });
  t.is((await run('05:00.0 --interface group')).out, '/dev/vfio/20\n');
});

test('resolve --interface group rejects a wrong node of the group', async (t) => {
  const { root, run } = groups(t);
  root.node('/dev/vfio/20', '1:3');
  const { status, out } = await run('05:00.0 --interface group');
  t.is(status, 1);
  t.is(out, '');
});

test('resolve --interface group reports that a node gives no isolation', async (t) => {
  const { root, run } = groups(t);
  root.removeGroup('21');
  root.addGroup('noiommu-21');
  t.deepEqual(await run('06:00.0 --interface group'), {
    status: 0,
    out: '/dev/vfio/noiommu-21\n',
    err: ['vfio-names: 0000:06:00.0 has no IOMMU: its node gives no isolation'],
  });
});

test('resolve works with group nodes on a kernel before 6.1, with names of the policy, too', async (t) => {
  const { root, run } = groups(t);
  root.withoutVfioClass();
  root.write('/etc/vfio-names/a.toml', '[names.by-alias]\nnic = { name = "0000:06:00.0" }\n');
  t.is((await run('06:00.0 --interface group')).out, '/dev/vfio/21\n');
  t.is((await run('by-alias/nic --interface auto')).out, '/dev/vfio/21\n');
  t.is((await run('nic --print name')).out, '0000:06:00.0\n');
  const { status, err } = await run('06:00.0');
  t.is(status, 5);
  t.regex(err.join(), /no class vfio-dev \(Linux before 6\.1\); it is reached through \/dev\/vfio\/21/);
});

test('resolve by-path/... --print name prints the address, with a node of the device and without', async (t) => {
  const { root, run } = groups(t);
  root.write('/etc/vfio-names/a.toml', '[names]\nby-path = true\n');
  t.is((await run('by-path/pci0000_00-06.0-00.0 --print name')).out, '0000:06:00.0\n');
  root.withoutVfioClass();
  t.is((await run('by-path/pci0000_00-06.0-00.0 --print name')).out, '0000:06:00.0\n');
  t.is((await run('by-path/pci0000_00-07.0-00.0 --print name')).status, 3);
});

test('resolve --json has the interface, and the members of a group', async (t) => {
  const { run } = groups(t);
  const { members, ...one } = validJson(t, 'resolve', (await run('06:00.0 --interface group --json')).out);
  t.is(members, undefined);
  t.like(one, { interface: 'group', node: undefined, nodePath: '/dev/vfio/21', devnum: '243:21', group: 21 });
  const whole = validJson(t, 'resolve', (await run('05:00.1+group --json')).out);
  t.like(whole, { name: '0000:05:00.0', interface: 'cdev' });
  t.deepEqual(
    (whole['members'] as { nodePath: string }[]).map(({ nodePath }) => nodePath),
    ['/dev/vfio/devices/vfio5', '/dev/vfio/devices/vfio6'],
  );
});

test('resolve --interface group never prints the node of a group that the device has left between two system calls', async (t) => {
  const statuses: number[] = [];
  for (let changeAt = 1, calls = 1; calls >= changeAt; changeAt++) {
    const { root } = groups(t);
    calls = 0;
    const files = hookedFiles(() => {
      if (++calls !== changeAt) return;
      // Its sibling stays, and so does the node of the group.
      root.unbind({
        bus: 'pci',
        name: '',
        sysname: 'vfio6',
        syspath: '/sys/devices/pci0000:00/0000:05:00.1',
      });
      root.add({ name: '0000:05:00.1', driver: 'nvme', group: '20' });
    });
    const { status, out } = await runCli(
      ['resolve', '0000:05:00.1', '--interface', 'group', '--root', root.dir],
      { files },
    );
    statuses.push(status);
    // A result is correct only if the driver was last read before the change.
    if (status === 0) t.true(calls - changeAt < 4, `change at call ${changeAt} of ${calls}`);
    else t.is(out, '');
  }
  t.true(statuses.length > 8);
  t.true(statuses.includes(3));
  t.is(statuses.at(-1), 0);
});

/** A device on a driver of the host, behind a port, and one without a driver. */
function unboundMachine(t: ExecutionContext) {
  const own = groups(t);
  const parent = '/sys/devices/pci0000:00/0000:00:07.0';
  own.root.add({ name: '0000:07:00.0', driver: 'nouveau', group: '22', parent });
  own.root.add({ name: '0000:08:00.0', group: '23' });
  const policy = '[names]\nby-path = true\n[names.by-alias]\ngpu = { name = "0000:07:00.0" }\n';
  own.root.write('/etc/vfio-names/a.toml', policy);
  return own;
}

for (const [name, expected] of [
  ['by-path/pci0000_00-07.0-00.0', '0000:07:00.0'],
  ['/dev/vfio/by-path/pci0000_00-07.0-00.0', '0000:07:00.0'],
  ['by-alias/gpu', '0000:07:00.0'],
  ['gpu', '0000:07:00.0'],
  ['07:00.0', '0000:07:00.0'],
  ['/sys/bus/pci/devices/0000:08:00.0', '0000:08:00.0'],
  ['05:00.1', '0000:05:00.1'],
  ['vfio7', '0000:06:00.0'],
] as const)
  test(`resolve --any-driver --print name prints the address of ${name}, whatever driver it has`, async (t) => {
    const { run } = unboundMachine(t);
    t.deepEqual(await run(`${name} --any-driver --print name`), { status: 0, out: `${expected}\n`, err: [] });
  });

test('resolve without --any-driver names the driver of a device that is not bound to a VFIO driver', async (t) => {
  const { run } = unboundMachine(t);
  for (const name of ['07:00.0', 'by-alias/gpu']) {
    const { status, err } = await run(`${name} --print name`);
    t.is(status, 3);
    t.regex(
      err.join(),
      /0000:07:00\.0 is bound to nouveau, not to a VFIO driver; .*, or add --any-driver to print its name all the same$/,
    );
    t.notRegex((await run(name)).err.join(), /any-driver/);
  }
});

test('resolve --any-driver rejects everything that depends on a node, unknown names and ambiguous ones', async (t) => {
  const { root, run } = unboundMachine(t);
  t.is((await run('07:00.0 --any-driver --print group')).out, '22\n');
  for (const line of [
    '07:00.0 --any-driver',
    '07:00.0 --any-driver --print link',
    '07:00.0 --any-driver --json --print name',
    '07:00.0 --any-driver --print name --interface group',
  ])
    t.is((await run(line)).status, 2, line);
  t.is((await run('09:00.0 --any-driver --print name')).status, 3);
  t.is((await run('08:00.0 --any-driver --print group')).out, '23\n');
  root.add({ name: '0001:07:00.0', driver: 'nouveau' });
  const { status, err } = await run('07:00.0 --any-driver --print name');
  t.is(status, 2);
  t.regex(
    err.join(),
    /07:00\.0 fits 2 devices, none of them bound to VFIO: pci\/0000:07:00\.0 \(nouveau\), /,
  );
});
