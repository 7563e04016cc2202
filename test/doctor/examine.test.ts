import test from 'ava';
import { examine } from '../../src/doctor/examine.ts';
import { type CheckName, checkNames, type State } from '../../src/doctor/line.ts';
import type { Snapshot } from '../../src/doctor/snapshot.ts';
import type { Holder } from '../../src/holders/holder.ts';
import { bare, config, deviceState, healthy, withoutNode } from './snapshots.ts';

const { distribution: _distribution, ...nameless } = healthy;
const { rules: _rules, ...noRules } = healthy.udev;
const { config: _config, interfaces: _interfaces, ...blind } = healthy.kernel;

test('where all is right every line is ok', (t) => {
  t.deepEqual(
    examine(healthy).filter((line) => line.state !== 'ok'),
    [],
  );
  t.deepEqual(
    examine(healthy).map((line) => line.check),
    [...checkNames],
    'every check has a line, in the order of the table',
  );
});

test('a machine without VFIO has warnings with remedies, and no fault', (t) => {
  const lines = examine(bare);
  t.deepEqual(
    lines.filter((line) => line.state === 'fault'),
    [],
  );
  t.true(lines.some((line) => line.state === 'warning'));
  for (const line of lines) t.is(line.remedy === undefined, line.state === 'ok', line.message);
});

/** The lines of one check are exactly of this state, and the first fits the pattern, message and remedy. */
const says = test.macro(
  (
    t,
    change: Partial<Snapshot>,
    check: CheckName,
    state: State,
    pattern: RegExp,
    base: Snapshot = healthy,
  ) => {
    const lines = examine({ ...base, ...change }).filter((line) => line.check === check);
    t.deepEqual(
      lines.map((line) => line.state),
      [state],
    );
    t.regex(`${lines[0]?.message} -> ${lines[0]?.remedy ?? 'nothing'}`, pattern);
  },
);

const kernel = (change: Partial<Snapshot['kernel']>): Partial<Snapshot> => ({
  kernel: { ...healthy.kernel, ...change },
});
const bareKernel = (change: Partial<Snapshot['kernel']>): Partial<Snapshot> => ({
  kernel: { ...bare.kernel, ...change },
});
const debian = { id: 'debian', like: [], name: 'Debian GNU/Linux 13 (trixie)' };

test(
  'the kernel is named with its distribution',
  says,
  {},
  'kernel',
  'ok',
  /^Linux 7\.2\.13 \(Fedora Linux 44\)/,
);
test(
  'without os-release the kernel is named alone',
  says,
  {},
  'kernel',
  'ok',
  /^Linux 7\.2\.13 ->/,
  nameless,
);
test(
  'a kernel from before the nodes of devices is too old',
  says,
  kernel({ release: '6.5.13-x' }),
  'kernel',
  'warning',
  /since Linux 6\.6 -> use a newer/,
);
test('Linux 6.10 comes after 6.6', says, kernel({ release: '6.10.0' }), 'kernel', 'ok', /./);
test(
  'a release that could move the cursor is escaped',
  says,
  kernel({ release: '7.1\u001b[2J' }),
  'kernel',
  'ok',
  /7\.1\\x1b\[2J/,
);
test(
  'without /proc the release is not known',
  says,
  { kernel: blind.release ? { vfio: 'present', vfioPci: 'present', iommufd: 'present' } : blind },
  'kernel',
  'warning',
  /mount proc/,
);

test(
  'no IOMMU group on Intel',
  says,
  { groups: 0, devices: [{ ...withoutNode, noIommu: true }] },
  'iommu',
  'warning',
  /without isolation -> switch VT-d on .*intel_iommu=on/,
);
test(
  'mediated devices need no IOMMU group',
  says,
  { groups: 0 },
  'iommu',
  'warning',
  /no IOMMU group exists -> switch VT-d on/,
);
test(
  'no IOMMU group on AMD',
  says,
  { groups: 0, processor: 'amd' },
  'iommu',
  'warning',
  /-> switch AMD-Vi on in the firmware;/,
);
test(
  'no IOMMU group elsewhere',
  says,
  {},
  'iommu',
  'warning',
  /^no IOMMU group exists -> switch it on/,
  bare,
);
test('one IOMMU group is one', says, { groups: 1 }, 'iommu', 'ok', /on, 1 group ->/);

test(
  'vfio is not needed to be listed where devices are bound',
  says,
  kernel({ vfio: 'unknown' }),
  'vfio',
  'ok',
  /at work/,
);
test('vfio loaded, no device yet', says, { devices: [] }, 'vfio', 'ok', /vfio-pci too/);
test(
  'vfio not loaded',
  says,
  bareKernel({ vfio: 'available', vfioPci: 'available' }),
  'vfio',
  'warning',
  /^not loaded -> modprobe vfio-pci/,
  bare,
);
test(
  'vfio loaded without vfio-pci',
  says,
  bareKernel({ vfio: 'present', vfioPci: 'available' }),
  'vfio',
  'warning',
  /^loaded, but vfio-pci is not -> modprobe/,
  bare,
);
test(
  'a kernel without vfio-pci',
  says,
  bareKernel({ vfio: 'present', vfioPci: 'absent' }),
  'vfio',
  'warning',
  /CONFIG_VFIO_PCI/,
  bare,
);
test(
  'a kernel without vfio',
  says,
  bareKernel({ vfio: 'absent', vfioPci: 'absent' }),
  'vfio',
  'warning',
  /built without vfio -> use a kernel with CONFIG_VFIO/,
  bare,
);
test('nothing tells of vfio', says, {}, 'vfio', 'warning', /nothing tells .* -> try modprobe/, bare);

test('both interfaces', says, {}, 'cdev', 'ok', /own \(\/dev\/vfio\/devices\), and each group has one/);
test(
  'a kernel with nodes of devices only',
  says,
  kernel({ interfaces: { cdev: true, group: false } }),
  'cdev',
  'ok',
  /none of groups/,
);
test(
  'what the kernel reserved counts more than its configuration',
  says,
  { ...kernel({ config: config() }), devices: [] },
  'cdev',
  'ok',
  /own/,
);
test(
  'before vfio is loaded the configuration tells',
  says,
  bareKernel({ config: config('VFIO_DEVICE_CDEV=y', 'VFIO_GROUP=y') }),
  'cdev',
  'ok',
  /and each group/,
  bare,
);
test('nothing tells of nodes', says, {}, 'cdev', 'warning', /nothing tells .* bound to a VFIO driver/, bare);
test(
  'devices without nodes are a fault',
  says,
  {
    ...kernel({ interfaces: { cdev: false, group: true }, config: config('IOMMUFD=m') }),
    devices: [withoutNode],
  },
  'cdev',
  'fault',
  /CONFIG_VFIO_DEVICE_CDEV is off, says \/boot\/config-x -> use a kernel/,
);
test(
  'a device without a node tells on a machine that tells nothing else',
  says,
  { kernel: blind, devices: [withoutNode] },
  'cdev',
  'fault',
  /no nodes of their own/,
);
test(
  'a device without an IOMMU tells nothing about the kernel',
  says,
  {
    kernel: blind,
    devices: [{ ...withoutNode, noIommu: true }],
  },
  'cdev',
  'warning',
  /nothing tells/,
);
test(
  'without devices it is a warning',
  says,
  bareKernel({ config: config() }),
  'cdev',
  'warning',
  /CONFIG_IOMMUFD is off/,
  bare,
);
test(
  'the case of Debian is named',
  says,
  { ...bareKernel({ config: config(), release: '6.12.107+deb13-amd64' }), distribution: debian },
  'cdev',
  'warning',
  /Debian's kernels are built so -> /,
  bare,
);
test(
  'another kernel booted on Debian is not one of Debian',
  says,
  { ...bareKernel({ config: config(), release: '6.12.107-custom' }), distribution: debian },
  'cdev',
  'warning',
  /is off, says \/boot\/config-x ->/,
  bare,
);

test('/dev/iommu with its mode and owner', says, {}, 'iommufd', 'ok', /mode 0660, owner 0:0/);
test(
  '/dev/iommu is missing where devices have nodes',
  says,
  { ...kernel({ iommufd: 'available' }), iommu: 'ENOENT' },
  'iommufd',
  'fault',
  /no use without it -> modprobe iommufd/,
);
test(
  '/dev/iommu is missing though the kernel has it',
  says,
  { iommu: 'ENOENT' },
  'iommufd',
  'fault',
  /-> mount devtmpfs on \/dev/,
);
test(
  '/dev/iommu is missing before anything is bound',
  says,
  { iommu: 'ENOENT', devices: [] },
  'iommufd',
  'warning',
  /./,
);
test(
  'a kernel without iommufd',
  says,
  bareKernel({ iommufd: 'absent', interfaces: { cdev: true, group: false } }),
  'iommufd',
  'warning',
  /-> use a kernel with CONFIG_IOMMUFD/,
  bare,
);
test(
  '/dev/iommu that may not be looked at',
  says,
  { iommu: 'EACCES' },
  'iommufd',
  'warning',
  /EACCES -> run it as root/,
);
test(
  '/dev/iommu that is a file',
  says,
  { iommu: { kind: 'file', mode: 0o644, uid: 0, gid: 0, inode: '1' } },
  'iommufd',
  'fault',
  /is a file, no character device -> remove it/,
);
test(
  '/dev/iommu is not missed by groups',
  says,
  { ...kernel({ interfaces: { cdev: false, group: true } }), devices: [withoutNode], iommu: 'ENOENT' },
  'iommufd',
  'ok',
  /not needed/,
);

test(
  'no device is bound',
  says,
  { devices: [] },
  'devices',
  'warning',
  /no device .* -> bind one, .*driver_override/,
);
test(
  'devices without an IOMMU get no names',
  says,
  { devices: [deviceState, { ...withoutNode, noIommu: true }] },
  'devices',
  'ok',
  /^2 bound to VFIO drivers, 1 of them without an IOMMU/,
);

test('a device that could not be read is told beside the others', (t) => {
  const problems = [{ path: '/sys/class/vfio-dev/vfio\u001b9', message: 'EIO, ignoring' }];
  const lines = examine({ ...healthy, problems }).filter((line) => line.check === 'devices');
  t.deepEqual(
    lines.map((line) => line.state),
    ['ok', 'warning'],
  );
  t.is(lines[1]?.message, '/sys/class/vfio-dev/vfio\\x1b9: EIO, ignoring');
});

const sibling = { bus: 'pci', name: '0000:00:04.1', driver: 'e1000e', use: 'host' } as const;
const harmless = { bus: 'pci', name: '0000:00:03.0', driver: 'pcieport', use: 'harmless' } as const;

test(
  'a sibling on a driver of the host makes the group a fault',
  says,
  { devices: [{ ...deviceState, siblings: [harmless, sibling] }] },
  'groups',
  'fault',
  /^IOMMU group 3 is not viable: 0000:00:04\.0 is bound to VFIO, but its sibling 0000:00:04\.1 \(e1000e\) to a driver of the host -> bind it/,
);
test(
  'siblings that do no DMA are fine',
  says,
  { devices: [{ ...deviceState, siblings: [harmless] }] },
  'groups',
  'ok',
  /./,
);
test(
  'several siblings are told together',
  says,
  { devices: [{ ...deviceState, siblings: [sibling, { ...sibling, name: 'x' }] }] },
  'groups',
  'fault',
  /its siblings 0000:00:04\.1 \(e1000e\), x \(e1000e\) to drivers of the host -> bind them/,
);

test('a group is told once, however many of its devices are bound', (t) => {
  const two = [deviceState, deviceState].map((one) => ({ ...one, siblings: [sibling] }));
  t.is(examine({ ...healthy, devices: two }).filter((line) => line.check === 'groups').length, 1);
});

test(
  'a wrong policy is a fault with its own words',
  says,
  { policyFault: 'a.toml:3: expected a table' },
  'policy',
  'fault',
  /^a\.toml:3: expected a table -> fix/,
);

const state = (state: Snapshot['udev']['state']) => ({ udev: { ...healthy.udev, state } });
test(
  'rules that somebody else made',
  says,
  state('foreign'),
  'udev',
  'fault',
  /not made by vfio-names -> move it away, then/,
);
test(
  'rules of another policy',
  says,
  state('other-policy'),
  'udev',
  'warning',
  /another policy -> vfio-names rules install/,
);
test(
  'rules that were edited',
  says,
  state('edited'),
  'udev',
  'warning',
  /not what the policy gives -> vfio-names rules install/,
);

const down = { ...healthy.udev, running: false };
test('udev made the names', says, {}, 'udev', 'ok', /made all one name by \/usr\/lib/);
test(
  'udev made several names',
  says,
  { devices: [deviceState, deviceState] },
  'udev',
  'ok',
  /made all 2 names/,
);
test(
  'udev is ready before a device is bound',
  says,
  { devices: [] },
  'udev',
  'ok',
  /^running, with \/usr\/lib/,
);
test(
  'udev runs without our rules',
  says,
  { udev: noRules },
  'udev',
  'fault',
  /no rules of vfio-names -> vfio-names rules install/,
);
test(
  'udev runs without our rules before a device is bound',
  says,
  { udev: noRules, devices: [] },
  'udev',
  'warning',
  /rules install/,
);
test(
  'udev runs without our rules, but the watch does its work',
  says,
  { udev: noRules, watcher: 7 },
  'udev',
  'warning',
  /rules install/,
);
test(
  'our rules are switched off',
  says,
  { udev: { ...healthy.udev, state: 'masked' } },
  'udev',
  'fault',
  /switched off -> remove \/usr\/lib/,
);
test(
  'udev has not applied the rules',
  says,
  { devices: [{ ...deviceState, namedByUdev: false }] },
  'udev',
  'fault',
  /has not made the name of 0000:00:04\.0 -> .*trigger --subsystem-match=vfio-dev/,
);
test(
  'many names that udev has not made are counted',
  says,
  { devices: Array.from({ length: 5 }, () => ({ ...deviceState, namedByUdev: false })) },
  'udev',
  'fault',
  /and 2 more/,
);
test(
  'udev is down',
  says,
  { udev: down },
  'udev',
  'warning',
  /not running, so that .*70-vfio-names\.rules has no effect -> start udev, or keep vfio-names watch/,
);
test('neither udev nor the watch', says, {}, 'udev', 'warning', /^udev is not running -> /, bare);
test(
  'the watch stands in for udev',
  says,
  { udev: { running: false, state: 'missing' }, watcher: 812 },
  'udev',
  'ok',
  /vfio-names watch does its work/,
);

test(
  'the watch alone',
  says,
  { udev: { running: false, state: 'missing' }, watcher: 812 },
  'watch',
  'ok',
  /^running \(pid 812\) ->/,
);
test('the watch beside udev', says, { watcher: 812 }, 'watch', 'ok', /beside udev: it only repairs/);
test('no watch beside udev', says, {}, 'watch', 'ok', /not needed/);
test('without both, one warning is enough', (t) => {
  t.deepEqual(
    examine(bare).filter((line) => line.check === 'watch'),
    [],
  );
});

test(
  'names that are not true are a fault',
  says,
  { findings: 3, fixable: 3 },
  'names',
  'fault',
  /^3 findings .* sync mends all of them/,
);
test('sync mends some', says, { findings: 3, fixable: 2 }, 'names', 'fault', /mends 2 of them/);
test(
  'sync mends none',
  says,
  { findings: 1 },
  'names',
  'fault',
  /^one finding of vfio-names verify -> vfio-names verify shows them$/,
);
test('names that can not be verified', says, { findings: 'EACCES' }, 'names', 'warning', /EACCES/);

const holder: Holder = {
  pid: 9,
  fd: 3,
  interface: 'group',
  path: '/dev/vfio/3',
  deleted: false,
  command: 'qemu\u001b',
};
const held = (...holders: readonly Holder[]) => ({ devices: [{ ...deviceState, holders }] });
test('nobody has a device open', says, {}, 'holders', 'ok', /no device is open/);
test(
  'a device is open through its node',
  says,
  held({ ...holder, interface: 'cdev' }),
  'holders',
  'ok',
  /^1 open/,
);
test(
  'a device is open through its group',
  says,
  held(holder, { ...holder, interface: 'device-fd', fd: 4 }),
  'holders',
  'warning',
  /^0000:00:04\.0 is open through its group, by qemu\\x1b \(pid 9\): its own node/,
);
test(
  'the group of a device without a node blocks nothing',
  says,
  { devices: [{ ...withoutNode, holders: [holder] }] },
  'holders',
  'ok',
  /1 open/,
);
test(
  'who may not see all processes says so',
  says,
  { unseen: [{ reason: 'not-root', message: '5 of 9 may not' }] },
  'holders',
  'ok',
  /0 open as far as can be seen: 5 of 9 may not/,
);

test('an exempt user need not care for the limit', says, {}, 'memlock', 'ok', /CAP_IPC_LOCK/);
test(
  'no limit',
  says,
  { memoryLock: { soft: Number.POSITIVE_INFINITY, exempt: false } },
  'memlock',
  'ok',
  /unlimited/,
);
test(
  'a small limit',
  says,
  { memoryLock: { soft: 8 << 20, exempt: false } },
  'memlock',
  'warning',
  /^at most 8 MiB .* -> raise it/,
);
test(
  'a small limit without devices',
  says,
  { memoryLock: { soft: 8 << 20, exempt: false } },
  'memlock',
  'ok',
  /8 MiB/,
  bare,
);
test('a large limit', says, { memoryLock: { soft: 2 ** 34, exempt: false } }, 'memlock', 'ok', /16384 MiB/);
