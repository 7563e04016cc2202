import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test, { type ExecutionContext } from 'ava';
import { runCli } from '../../../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../../../support/fake-root.ts';

const schema = (name: string) =>
  new Ajv2020().compile(JSON.parse(readFileSync(`src/cli/schemas/${name}.json`, 'utf8')));

/** A machine with two devices; process 812 has the first one open as descriptor 5. */
function machine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '3', driver: 'vfio-pci' });
  root.add({ name: '0000:00:05.0', sysname: 'vfio1', group: '4', driver: 'vfio-pci' });
  root.write('/proc/1/comm', 'init\n');
  root.write('/proc/812/comm', 'qe\u001bmu\n');
  root.write('/proc/812/status', 'Name:\tqemu\nUid:\t107\t107\t107\t107\n');
  root.write('/proc/812/cgroup', `0::/system.slice/docker-${'0a'.repeat(32)}.scope\n`);
  root.write('/etc/passwd', 'root:x:0:0::/:\nqemu:x:107:107::/:\n');
  root.linkWithTarget('/proc/812/fd/5', root.at('/dev/vfio/devices/vfio0'));
  return root;
}

test('holders prints a table with the process, made printable', async (t) => {
  const root = machine(t);
  const { status, out, err } = await runCli(['holders', '0000:00:04.0', '--root', root.dir]);
  t.is(status, 0);
  t.deepEqual(err, []);
  const [head, row, ...others] = out.split('\n');
  t.regex(head ?? '', /^DEVICE +PID +FD +INTERFACE +USER +COMMAND +UNIT +CONTAINER +PATH$/);
  t.regex(
    row ?? '',
    /^0000:00:04\.0 +812 +5 +device +qemu +qe\\x1bmu +docker-(?:0a){32}\.scope +docker (?:0a){6} +\/\S*\/dev\/vfio\/devices\/vfio0$/,
  );
  t.deepEqual(others, ['']);
});

test('holders exits with status 0 and a message on stderr if no process has the device open', async (t) => {
  const root = machine(t);
  const { status, out, err } = await runCli(['holders', 'vfio1', '--root', root.dir]);
  t.is(status, 0);
  t.is(out, '');
  t.deepEqual(err, ['vfio-names: no process is seen that has 0000:00:05.0 open']);
});

test('holders without a name prints the holders of all devices', async (t) => {
  const root = machine(t);
  root.linkWithTarget('/proc/1/fd/3', root.at('/dev/vfio/devices/vfio1'));
  const { out } = await runCli(['holders', '--root', root.dir]);
  t.deepEqual(
    out.split('\n').map((line) => line.split(/ +/).slice(0, 2)),
    [['DEVICE', 'PID'], ['0000:00:04.0', '812'], ['0000:00:05.0', '1'], ['']],
  );
});

test('holders --json matches the published schema', async (t) => {
  const root = machine(t);
  const validate = schema('holders');
  const { out } = await runCli(['holders', '--json', '--root', root.dir]);
  const document = JSON.parse(out);
  t.true(validate(document), JSON.stringify(validate.errors));
  t.is(document.devices[0].holders[0].pid, 812);
  t.deepEqual(document.devices[1], {
    requested: '0000:00:05.0',
    name: '0000:00:05.0',
    bus: 'pci',
    node: 'vfio1',
    gone: false,
    holders: [],
  });
});

test('holders exits with status 3 for a device that is gone and not open', async (t) => {
  const root = machine(t);
  const { status, err } = await runCli(['holders', '0000:00:09.0', '--root', root.dir]);
  t.is(status, 3);
  t.regex(err.join('\n'), /found none called 0000:00:09\.0/);
});

test('holders finds a device that is gone but open by its device number', async (t) => {
  const root = machine(t);
  root.node('/gone', '247:9');
  root.linkWithTarget('/proc/812/fd/6', root.at('/gone'));
  const { status, out } = await runCli(['holders', '247:9', '--json', '--root', root.dir]);
  t.is(status, 0);
  const [device] = JSON.parse(out).devices;
  t.is(device.requested, '247:9');
  t.false('name' in device);
  t.true(device.gone);
  t.is(device.holders[0].fd, 6);
});

test('holders escapes C1, bidirectional controls and noncharacters in a command, also in JSON', async (t) => {
  const root = machine(t);
  root.write('/proc/812/comm', 'a\u009b31m\u202e\uffffb\n');
  for (const args of [[], ['--json']]) {
    const { out } = await runCli(['holders', 'vfio0', ...args, '--root', root.dir]);
    t.notRegex(out, /[\u0080-\u009f\u202e\uffff]/);
  }
  const { out } = await runCli(['holders', 'vfio0', '--json', '--root', root.dir]);
  t.is(JSON.parse(out).devices[0].holders[0].command, 'a\u009b31m\u202e\uffffb');
});

test('holders exits with status 2 for a name that fits several devices', async (t) => {
  const root = machine(t);
  root.add({ bus: 'platform', name: '0000:00:04.0', parent: '/sys/devices/platform', sysname: 'vfio2' });
  t.is((await runCli(['holders', '0000:00:04.0', '--root', root.dir])).status, 2);
});

test('holders exits with status 4 and reports why if processes may be missing', async (t) => {
  const root = machine(t);
  root.linkWithTarget('/proc/self/mounts', '/proc/mounts-text');
  root.write('/proc/mounts-text', 'proc /proc proc rw,hidepid=2 0 0\n');
  root.write('/proc/900/comm', 'x\n');
  const { rmSync } = await import('node:fs');
  rmSync(root.at('/proc/1'), { recursive: true });
  const { status, err } = await runCli(['holders', 'vfio0', '--root', root.dir]);
  t.is(status, 4);
  t.regex(err.join('\n'), /hidepid/);
});

test('holders reports a missing /proc', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0' });
  const { status, err } = await runCli(['holders', 'vfio0', '--root', root.dir]);
  t.is(status, 4);
  t.is(err.length, 1);
  t.regex(err.join('\n'), /no processes can be seen.*; whether one has 0000:00:04\.0 open is not known$/);
});

test('show prints the siblings and the holders of the device', async (t) => {
  const root = machine(t);
  root.add({ name: '0000:00:04.1', group: '3', driver: 'e1000e' });
  root.add({ name: '0000:00:04.2', group: '3' });
  const { out } = await runCli(['show', '0000:00:04.0', '--root', root.dir]);
  t.regex(out, /^ +Shared with +pci\/0000:00:04\.1 \(e1000e\): blocks the group$/m);
  t.regex(out, /^ +Shared with +pci\/0000:00:04\.2 \(no driver\): does not block the group$/m);
  t.regex(out, /^ +Process +qe\\x1bmu \(pid 812\), fd 5, device$/m);
  const validate = schema('show');
  const document = JSON.parse((await runCli(['show', 'vfio0', '--json', '--root', root.dir])).out);
  t.true(validate(document), JSON.stringify(validate.errors));
  t.is(document.siblings[0].sharing, 'blocking');
});

/** Devices of group 3 with nodes of the group only; process 812 has the group and a container open. */
function groupMachine(t: ExecutionContext): FakeRoot {
  const root = machine(t);
  for (const [index, name] of ['0000:01:00.0', '0000:01:00.1'].entries())
    root.add({ name, sysname: `vfio${6 + index}`, devnum: false, group: '20', driver: 'vfio-pci' });
  root.addGroup('20');
  root.node('/dev/vfio/vfio', '10:196');
  root.linkWithTarget('/proc/812/fd/7', root.at('/dev/vfio/20'));
  root.linkWithTarget('/proc/812/fd/8', root.at('/dev/vfio/vfio'));
  return root;
}

for (const name of ['/dev/vfio/20', 'group:20', '01:00.1+group', 'groups/pci/0000:01:00.0'])
  test(`holders ${name} lists who has the group and its container open, for each of its devices`, async (t) => {
    const root = groupMachine(t);
    const { status, out, err } = await runCli(['holders', name, '--json', '--root', root.dir]);
    t.is(status, 0);
    t.deepEqual(err, []);
    const document = JSON.parse(out);
    const validate = schema('holders');
    t.true(validate(document), JSON.stringify(validate.errors));
    t.deepEqual(
      document.devices.map(
        (device: { requested: string; name: string; holders: { fd: number; interface: string }[] }) => [
          device.requested,
          device.name,
          ...device.holders.map((holder) => `${holder.fd} ${holder.interface}`),
        ],
      ),
      [
        [name, '0000:01:00.0', '7 group', '8 container'],
        [name, '0000:01:00.1', '7 group', '8 container'],
      ],
    );
  });

test('holders NAME+group names what keeps the group closed on stderr, and lists the holders', async (t) => {
  const root = groupMachine(t);
  root.add({ name: '0000:01:00.2', driver: 'snd_hda_intel', group: '20' });
  const { status, out, err } = await runCli(['holders', '01:00.0+group', '--root', root.dir]);
  t.is(status, 0);
  t.is(out.match(/ container /g)?.length, 2);
  t.regex(err.join(), /IOMMU group 20 is not viable: 0000:01:00\.2 \(snd_hda_intel\)/);
});

test('holders of a group that does not exist exits with status 3', async (t) => {
  const root = groupMachine(t);
  const { status, err } = await runCli(['holders', 'group:99', '--root', root.dir]);
  t.is(status, 3);
  t.regex(err.join(), /found no group 99/);
});

test('holders lists who has a group open on a kernel before 6.1', async (t) => {
  const root = groupMachine(t);
  root.withoutVfioClass();
  for (const names of [[], ['0000:01:00.1'], ['group:20']]) {
    const { status, out } = await runCli(['holders', ...names, '--root', root.dir]);
    t.is(status, 0);
    t.regex(out, /^0000:01:00\.1 +812 +7 +group /m);
    t.regex(out, /^0000:01:00\.1 +812 +8 +container /m);
  }
});
