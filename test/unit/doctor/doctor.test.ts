import test from 'ava';
import { runChecks } from '../../../src/doctor/doctor.ts';
import type { CheckName, Severity } from '../../../src/doctor/result.ts';
import type { Snapshot } from '../../../src/doctor/snapshot.ts';
import type { Holder } from '../../../src/holders/types.ts';
import { bare, config, deviceState, healthy, withoutNode } from '../../support/snapshots.ts';

const { distribution: _distribution, ...withoutDistribution } = healthy;
const { rulesPath: _rules, ...noRules } = healthy.udev;
const { config: _config, interfaces: _interfaces, ...unknownKernel } = healthy.kernel;

test('doctor reports only ok lines, one per check, on a healthy machine', (t) => {
  t.deepEqual(
    runChecks(healthy).filter((line) => line.severity !== 'ok'),
    [],
  );
  t.deepEqual(
    runChecks(healthy).map((line) => line.check),
    'kernel iommu vfio cdev iommufd devices drivers groups access policy udev watch names holders memlock'.split(
      ' ',
    ),
  );
});

test('doctor reports warnings with remedies and no error on a machine without VFIO', (t) => {
  const lines = runChecks(bare);
  t.deepEqual(
    lines.filter((line) => line.severity === 'error'),
    [],
  );
  t.true(lines.some((line) => line.severity === 'warning'));
  for (const line of lines) t.is(line.remedy === undefined, line.severity === 'ok', line.message);
});

/**
 * Asserts that `check` has exactly one line, with this state, and that `message -> remedy` matches the
 * pattern.
 */
const checkReports = test.macro(
  (
    t,
    change: Partial<Snapshot>,
    check: CheckName,
    state: Severity,
    pattern: RegExp,
    base: Snapshot = healthy,
  ) => {
    const lines = runChecks({ ...base, ...change }).filter((line) => line.check === check);
    t.deepEqual(
      lines.map((line) => line.severity),
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
  'doctor kernel: shows the release and the distribution',
  checkReports,
  {},
  'kernel',
  'ok',
  /^Linux 7\.2\.13 \(Fedora Linux 44\)/,
);
test(
  'doctor kernel: shows only the release without os-release',
  checkReports,
  {},
  'kernel',
  'ok',
  /^Linux 7\.2\.13 ->/,
  withoutDistribution,
);
test(
  'doctor kernel: warns about a kernel older than Linux 6.6 if the policy gives groups no names',
  checkReports,
  { ...kernel({ release: '6.5.13-x' }), groupNames: false },
  'kernel',
  'warning',
  /since Linux 6\.6 -> use a newer/,
);
test(
  'doctor kernel: a kernel older than Linux 6.6 has names of groups',
  checkReports,
  kernel({ release: '6.5.13-x' }),
  'kernel',
  'ok',
  /since Linux 6\.6, groups in every version -> nothing/,
);
test(
  'doctor kernel: accepts Linux 6.10 as newer than 6.6',
  checkReports,
  kernel({ release: '6.10.0' }),
  'kernel',
  'ok',
  /./,
);
test(
  'doctor kernel: escapes control characters in the release',
  checkReports,
  kernel({ release: '7.1\u001b[2J' }),
  'kernel',
  'ok',
  /7\.1\\x1b\[2J/,
);
test(
  'doctor kernel: warns if the release is unknown because /proc is not mounted',
  checkReports,
  {
    kernel: unknownKernel.release
      ? { vfio: 'present', vfioPci: 'present', iommufd: 'present' }
      : unknownKernel,
  },
  'kernel',
  'warning',
  /mount proc/,
);

test(
  'doctor iommu: suggests VT-d on Intel if no IOMMU group exists',
  checkReports,
  { groupCount: 0, devices: [{ ...withoutNode, noIommu: true }] },
  'iommu',
  'warning',
  /without isolation -> switch VT-d on .*intel_iommu=on/,
);
test(
  'doctor iommu: does not mention isolation if no device is in no-IOMMU mode',
  checkReports,
  { groupCount: 0 },
  'iommu',
  'warning',
  /no IOMMU group exists -> switch VT-d on/,
);
test(
  'doctor iommu: suggests AMD-Vi on AMD if no IOMMU group exists',
  checkReports,
  { groupCount: 0, processor: 'amd' },
  'iommu',
  'warning',
  /-> switch AMD-Vi on in the firmware;/,
);
test(
  'doctor iommu: suggests the firmware on other processors if no IOMMU group exists',
  checkReports,
  {},
  'iommu',
  'warning',
  /^no IOMMU group exists -> switch it on/,
  bare,
);
test(
  'doctor iommu: uses the singular for one group',
  checkReports,
  { groupCount: 1 },
  'iommu',
  'ok',
  /on, 1 group ->/,
);

test(
  'doctor vfio: is ok if a device is bound, even if the state of the module is unknown',
  checkReports,
  kernel({ vfio: 'unknown' }),
  'vfio',
  'ok',
  /^loaded/,
);
test(
  'doctor vfio: is ok if vfio and vfio-pci are loaded and no device is bound',
  checkReports,
  { devices: [] },
  'vfio',
  'ok',
  /vfio-pci too/,
);
test(
  'doctor vfio: suggests modprobe if vfio is not loaded',
  checkReports,
  bareKernel({ vfio: 'available', vfioPci: 'available' }),
  'vfio',
  'warning',
  /^not loaded -> modprobe vfio-pci/,
  bare,
);
test(
  'doctor vfio: suggests modprobe if only vfio-pci is not loaded',
  checkReports,
  bareKernel({ vfio: 'present', vfioPci: 'available' }),
  'vfio',
  'warning',
  /^loaded, but vfio-pci is not -> modprobe/,
  bare,
);
test(
  'doctor vfio: warns about a kernel without vfio-pci',
  checkReports,
  bareKernel({ vfio: 'present', vfioPci: 'absent' }),
  'vfio',
  'warning',
  /CONFIG_VFIO_PCI/,
  bare,
);
test(
  'doctor vfio: warns about a kernel without vfio',
  checkReports,
  bareKernel({ vfio: 'absent', vfioPci: 'absent' }),
  'vfio',
  'warning',
  /built without vfio -> use a kernel with CONFIG_VFIO/,
  bare,
);
test(
  'doctor vfio: suggests modprobe if the state of the module is unknown',
  checkReports,
  {},
  'vfio',
  'warning',
  /not known whether .* -> try modprobe/,
  bare,
);

test(
  'doctor cdev: reports device nodes and group nodes if the kernel supports both',
  checkReports,
  {},
  'cdev',
  'ok',
  /own node \(\/dev\/vfio\/devices\), and each group has one/,
);
test(
  'doctor cdev: reports a kernel without group nodes',
  checkReports,
  kernel({ interfaces: { cdev: true, group: false } }),
  'cdev',
  'ok',
  /none of groups/,
);
test(
  'doctor cdev: prefers /proc/devices to the kernel configuration',
  checkReports,
  { ...kernel({ config: config() }), devices: [] },
  'cdev',
  'ok',
  /own/,
);
test(
  'doctor cdev: uses the kernel configuration while vfio is not loaded',
  checkReports,
  bareKernel({ config: config('VFIO_DEVICE_CDEV=y', 'VFIO_GROUP=y') }),
  'cdev',
  'ok',
  /and each group/,
  bare,
);
test(
  'doctor cdev: is unknown without configuration, devices or /proc/devices',
  checkReports,
  {},
  'cdev',
  'warning',
  /not known whether .* bound to a VFIO driver/,
  bare,
);
test(
  'doctor cdev: is an error if neither bound devices nor groups have nodes',
  checkReports,
  {
    ...kernel({ interfaces: { cdev: false, group: false }, config: config('IOMMUFD=m') }),
    devices: [withoutNode],
  },
  'cdev',
  'error',
  /CONFIG_VFIO_DEVICE_CDEV is off, says \/boot\/config-x -> use a kernel/,
);
test(
  'doctor cdev: reports names of groups if only groups have nodes',
  checkReports,
  {
    ...kernel({ interfaces: { cdev: false, group: true }, config: config('IOMMUFD=m') }),
    devices: [withoutNode],
  },
  'cdev',
  'ok',
  /^names of groups; per-device names need a kernel with CONFIG_VFIO_DEVICE_CDEV \(CONFIG_VFIO_DEVICE_CDEV is off, says \/boot\/config-x\) -> nothing$/,
);
test(
  'doctor cdev: is a warning if only groups have nodes and the policy gives them no names',
  checkReports,
  { kernel: unknownKernel, devices: [withoutNode], groupNames: false },
  'cdev',
  'warning',
  /does not create nodes of devices: .*; and the policy gives groups no names -> remove groups = false from \[names\]/,
);
test(
  'doctor cdev: ignores devices in no-IOMMU mode',
  checkReports,
  {
    kernel: unknownKernel,
    devices: [{ ...withoutNode, noIommu: true }],
  },
  'cdev',
  'warning',
  /not known whether/,
);
test(
  'doctor cdev: reports missing support by the configuration if no device is bound',
  checkReports,
  bareKernel({ config: config() }),
  'cdev',
  'ok',
  /^names of groups; .*CONFIG_IOMMUFD is off/,
  bare,
);
test(
  'doctor cdev: mentions Debian for kernels of Debian',
  checkReports,
  { ...bareKernel({ config: config(), release: '6.12.107+deb13-amd64' }), distribution: debian },
  'cdev',
  'ok',
  /Debian's kernels are built so\) -> nothing/,
  bare,
);
test(
  'doctor cdev: does not mention Debian for a custom kernel on Debian',
  checkReports,
  { ...bareKernel({ config: config(), release: '6.12.107-custom' }), distribution: debian },
  'cdev',
  'ok',
  /is off, says \/boot\/config-x\) ->/,
  bare,
);

test(
  'doctor iommufd: shows mode and owner of /dev/iommu',
  checkReports,
  {},
  'iommufd',
  'ok',
  /mode 0660, owner 0:0/,
);
test(
  'doctor iommufd: a missing /dev/iommu is an error if a device has a node',
  checkReports,
  { ...kernel({ iommufd: 'available' }), iommu: 'ENOENT' },
  'iommufd',
  'error',
  /cannot be used without it -> modprobe iommufd/,
);
test(
  'doctor iommufd: suggests devtmpfs if iommufd is loaded and /dev/iommu is missing',
  checkReports,
  { iommu: 'ENOENT' },
  'iommufd',
  'error',
  /-> mount devtmpfs on \/dev/,
);
test(
  'doctor iommufd: a missing /dev/iommu is a warning if no device is bound',
  checkReports,
  { iommu: 'ENOENT', devices: [] },
  'iommufd',
  'warning',
  /./,
);
test(
  'doctor iommufd: warns about a kernel without iommufd',
  checkReports,
  bareKernel({ iommufd: 'absent', interfaces: { cdev: true, group: false } }),
  'iommufd',
  'warning',
  /-> use a kernel with CONFIG_IOMMUFD/,
  bare,
);
test(
  'doctor iommufd: warns if stat of /dev/iommu fails',
  checkReports,
  { iommu: 'EACCES' },
  'iommufd',
  'warning',
  /EACCES -> run it as root/,
);
test(
  'doctor iommufd: a regular file at /dev/iommu is an error',
  checkReports,
  { iommu: { kind: 'file', mode: 0o644, uid: 0, gid: 0, inode: 1, modified: 0 } },
  'iommufd',
  'error',
  /is a file, no character device -> remove it/,
);
test(
  'doctor iommufd: a missing /dev/iommu is ok if the kernel has only group nodes',
  checkReports,
  { ...kernel({ interfaces: { cdev: false, group: true } }), devices: [withoutNode], iommu: 'ENOENT' },
  'iommufd',
  'ok',
  /not needed/,
);

test(
  'doctor devices: suggests how to bind a device if none is bound',
  checkReports,
  { devices: [] },
  'devices',
  'warning',
  /no device .* -> bind one that the host does not use, .*ADDRESS:$/,
);
test(
  'doctor devices: counts devices in no-IOMMU mode',
  checkReports,
  { devices: [deviceState, { ...withoutNode, noIommu: true }] },
  'devices',
  'warning',
  /^2 bound to VFIO drivers, 1 of them without an IOMMU/,
);

test('doctor devices: reports a device that cannot be read in addition to the others', (t) => {
  const problems = [{ file: '/sys/class/vfio-dev/vfio\u001b9', message: 'EIO, ignoring' }];
  const lines = runChecks({ ...healthy, problems }).filter((line) => line.check === 'devices');
  t.deepEqual(
    lines.map((line) => line.severity),
    ['ok', 'warning'],
  );
  t.is(lines[1]?.message, '/sys/class/vfio-dev/vfio\\x1b9: EIO, ignoring');
});

const sibling = { bus: 'pci', name: '0000:00:04.1', driver: 'e1000e', sharing: 'blocking' } as const;
const compatibleSibling = {
  bus: 'pci',
  name: '0000:00:03.0',
  driver: 'pcieport',
  sharing: 'compatible',
} as const;

test(
  'doctor groups: a sibling on a host driver is an error',
  checkReports,
  { devices: [{ ...deviceState, siblings: [compatibleSibling, sibling] }] },
  'groups',
  'error',
  /^IOMMU group 3 is not viable: 0000:00:04\.0 is bound to VFIO, but its sibling 0000:00:04\.1 \(e1000e\) to a driver of the host -> bind it/,
);
test(
  'doctor groups: a sibling on a driver without DMA is ok',
  checkReports,
  { devices: [{ ...deviceState, siblings: [compatibleSibling] }] },
  'groups',
  'ok',
  /./,
);
test(
  'doctor groups: lists several siblings in one line',
  checkReports,
  { devices: [{ ...deviceState, siblings: [sibling, { ...sibling, name: 'x' }] }] },
  'groups',
  'error',
  /its siblings 0000:00:04\.1 \(e1000e\), x \(e1000e\) to drivers of the host -> bind them/,
);

test('doctor groups: reports a group with several bound devices once', (t) => {
  const devices = [deviceState, deviceState].map((device) => ({ ...device, siblings: [sibling] }));
  t.is(runChecks({ ...healthy, devices }).filter((line) => line.check === 'groups').length, 1);
});

test(
  'doctor policy: an invalid policy is an error with the message of the reader',
  checkReports,
  { policyError: 'a.toml:3: expected a table' },
  'policy',
  'error',
  /^a\.toml:3: expected a table -> fix/,
);

const udevState = (state: Snapshot['udev']['rulesState']) => ({
  udev: { ...healthy.udev, rulesState: state },
});
test(
  'doctor udev: a rules file that vfio-names did not generate is an error',
  checkReports,
  udevState('unmanaged'),
  'udev',
  'error',
  /not made by vfio-names -> move it away, then/,
);
test(
  'doctor udev: warns about rules of another policy',
  checkReports,
  udevState('policy-changed'),
  'udev',
  'warning',
  /another policy -> vfio-names rules install/,
);
test(
  'doctor udev: warns about edited rules',
  checkReports,
  udevState('edited'),
  'udev',
  'warning',
  /does not match the policy -> vfio-names rules install/,
);

const stoppedUdev = { ...healthy.udev, running: false };
test(
  'doctor udev: is ok if udev created the link',
  checkReports,
  {},
  'udev',
  'ok',
  /created the one name with \/usr\/lib/,
);
test(
  'doctor udev: counts the links that udev created',
  checkReports,
  { devices: [deviceState, deviceState] },
  'udev',
  'ok',
  /created all 2 names/,
);
test(
  'doctor udev: is ok with rules and without devices',
  checkReports,
  { devices: [] },
  'udev',
  'ok',
  /^running, with \/usr\/lib/,
);
test(
  'doctor udev: missing rules are an error if a device is bound',
  checkReports,
  { udev: noRules },
  'udev',
  'error',
  /no rules of vfio-names -> vfio-names rules install/,
);
test(
  'doctor udev: missing rules are a warning if no device is bound',
  checkReports,
  { udev: noRules, devices: [] },
  'udev',
  'warning',
  /rules install/,
);
test(
  'doctor udev: missing rules are a warning if vfio-names watch is running',
  checkReports,
  { udev: noRules, watchPid: 7 },
  'udev',
  'warning',
  /rules install/,
);
test(
  'doctor udev: masked rules are an error',
  checkReports,
  { udev: { ...healthy.udev, rulesState: 'masked' } },
  'udev',
  'error',
  /switched off -> remove \/usr\/lib/,
);
test(
  "doctor udev: a link missing from udev's database is an error",
  checkReports,
  { devices: [{ ...deviceState, linkedByUdev: false }] },
  'udev',
  'error',
  /has not made the name of 0000:00:04\.0 -> .*trigger --subsystem-match=vfio-dev/,
);
test(
  "doctor udev: a link of a group missing from udev's database is an error",
  checkReports,
  { devices: [{ ...withoutNode, linkedByUdev: false }] },
  'udev',
  'error',
  /has not made the name of 0000:00:04\.0 -> .*trigger --subsystem-match=vfio --action=change$/,
);
test(
  'doctor udev: lists three missing links and counts the rest',
  checkReports,
  { devices: Array.from({ length: 5 }, () => ({ ...deviceState, linkedByUdev: false })) },
  'udev',
  'error',
  /and 2 more/,
);
test(
  'doctor udev: warns if udev is not running and rules are installed',
  checkReports,
  { udev: stoppedUdev },
  'udev',
  'warning',
  /not running, so that .*70-vfio-names\.rules has no effect -> start udev, or keep vfio-names watch/,
);
test(
  'doctor udev: warns if neither udev nor vfio-names watch is running',
  checkReports,
  {},
  'udev',
  'warning',
  /^udev is not running -> /,
  bare,
);
test(
  'doctor udev: is ok without udev if vfio-names watch is running',
  checkReports,
  { udev: { running: false, rulesState: 'missing' }, watchPid: 812 },
  'udev',
  'ok',
  /vfio-names watch keeps the links up to date instead/,
);

test(
  'doctor watch: shows the pid of vfio-names watch',
  checkReports,
  { udev: { running: false, rulesState: 'missing' }, watchPid: 812 },
  'watch',
  'ok',
  /^running \(pid 812\) ->/,
);
test(
  'doctor watch: checkReports that vfio-names watch only repairs if udev is running',
  checkReports,
  { watchPid: 812 },
  'watch',
  'ok',
  /beside udev: it only repairs/,
);
test(
  'doctor watch: is ok if udev is running and vfio-names watch is not',
  checkReports,
  {},
  'watch',
  'ok',
  /not needed/,
);
test('doctor watch: has no line if neither udev nor vfio-names watch is running', (t) => {
  t.deepEqual(
    runChecks(bare).filter((line) => line.check === 'watch'),
    [],
  );
});

test(
  'doctor names: findings of verify are an error',
  checkReports,
  { verifyFindings: 3, fixableFindings: 3 },
  'names',
  'error',
  /^3 findings .* sync fixes all of them/,
);
test(
  'doctor names: counts the findings that sync can fix',
  checkReports,
  { verifyFindings: 3, fixableFindings: 2 },
  'names',
  'error',
  /fixes 2 of them/,
);
test(
  'doctor names: does not suggest sync if it can fix no finding',
  checkReports,
  { verifyFindings: 1 },
  'names',
  'error',
  /^one finding of vfio-names verify -> vfio-names verify shows them$/,
);
test(
  'doctor names: warns if verify fails',
  checkReports,
  { verifyFindings: 'EACCES' },
  'names',
  'warning',
  /EACCES/,
);

const holder: Holder = {
  pid: 9,
  fd: 3,
  interface: 'group',
  opened: '/dev/vfio/3',
  deleted: false,
  command: 'qemu\u001b',
};
const heldBy = (...holders: readonly Holder[]) => ({ devices: [{ ...deviceState, holders }] });
test('doctor holders: is ok if no device is open', checkReports, {}, 'holders', 'ok', /no device is open/);
test(
  'doctor holders: is ok if a device is open through its node',
  checkReports,
  heldBy({ ...holder, interface: 'cdev' }),
  'holders',
  'ok',
  /^1 device open/,
);
test(
  'doctor holders: warns if a device with a node is open through its group',
  checkReports,
  heldBy(holder, { ...holder, interface: 'device-fd', fd: 4 }),
  'holders',
  'warning',
  /^0000:00:04\.0 is open through its group, by qemu\\x1b \(pid 9\): its own node/,
);
test(
  'doctor holders: is ok if a device without a node is open through its group',
  checkReports,
  { devices: [{ ...withoutNode, holders: [holder] }] },
  'holders',
  'ok',
  /1 device open/,
);
test(
  'doctor holders: reports that not all processes are visible',
  checkReports,
  { incomplete: [{ limitation: 'not-root', message: '5 of 9 may not' }] },
  'holders',
  'ok',
  /0 open as far as can be seen: 5 of 9 may not/,
);

test('doctor memlock: is ok with CAP_IPC_LOCK', checkReports, {}, 'memlock', 'ok', /CAP_IPC_LOCK/);
test(
  'doctor memlock: is ok without a limit',
  checkReports,
  { memoryLock: { softLimit: Number.POSITIVE_INFINITY, exempt: false } },
  'memlock',
  'ok',
  /unlimited/,
);
test(
  'doctor memlock: warns about a small limit if a device is bound',
  checkReports,
  { memoryLock: { softLimit: 8 << 20, exempt: false } },
  'memlock',
  'warning',
  /^at most 8 MiB .* -> raise it/,
);
test(
  'doctor memlock: a small limit is ok if no device is bound',
  checkReports,
  { memoryLock: { softLimit: 8 << 20, exempt: false } },
  'memlock',
  'ok',
  /8 MiB/,
  bare,
);
test(
  'doctor memlock: is ok with a large limit',
  checkReports,
  { memoryLock: { softLimit: 2 ** 34, exempt: false } },
  'memlock',
  'ok',
  /16384 MiB/,
);
