import test from 'ava';
import { type AccessState, readAccess } from '../../../src/doctor/access.ts';
import { runChecks } from '../../../src/doctor/doctor.ts';
import { takeSnapshot } from '../../../src/doctor/gather.ts';
import type { Snapshot } from '../../../src/doctor/snapshot.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { nodeSystem } from '../../../src/system/node/system.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { charNode, deviceState, healthy, withoutNode } from '../../support/snapshots.ts';

const user = { uid: 65534, gids: [65534], overridesMode: false };
const owned = { status: charNode(0o600), owners: 'root:root 0600' };
const device = { kind: 'device', path: '/dev/vfio/devices/vfio0', ...owned } as const;
const iommu = { kind: 'shared', path: '/dev/iommu', ...owned } as const;
const group = { kind: 'group', path: '/dev/vfio/15', ...owned } as const;
const container = { kind: 'shared', path: '/dev/vfio/vfio', status: charNode(0o666) } as const;

function accessLines(access: AccessState, change: Partial<Snapshot> = {}): string[] {
  return runChecks({ ...healthy, ...change, access })
    .filter(({ check }) => check === 'access')
    .map(
      ({ severity, message, remedy }) =>
        `${severity}: ${message}${remedy === undefined ? '' : ` -> ${remedy}`}`,
    );
}

const report = test.macro({
  exec(t, access: AccessState, ...patterns: readonly RegExp[]) {
    const lines = accessLines(access);
    t.is(lines.length, patterns.length, lines.join('\n'));
    for (const [index, pattern] of patterns.entries()) t.regex(lines[index] ?? '', pattern);
  },
  title: (title) => `doctor access: ${title}`,
});
test('no line without devices', report, { nodes: [] });
test(
  'root may open all',
  report,
  { nodes: [device, iommu], user: { ...user, uid: 0, overridesMode: true } },
  /^ok: .*1 device$/,
);
test(
  'a user who may open none',
  report,
  { nodes: [device, iommu], user },
  /^warning: you may open none of the nodes of devices, such as \/dev\/vfio\/devices\/vfio0 \(root:root 0600\), nor \/dev\/iommu \(root:root 0600\); you are uid 65534 -> .*\[\[access\]\]/,
);
test(
  'a user who may open some',
  report,
  { nodes: [device, { ...device, path: '/dev/vfio/devices/vfio1', status: charNode(0o660, 65534) }], user },
  /^warning: you may open only 1 of the 2 nodes of devices, such as .*vfio0 \(root:root 0600\); /,
);
test(
  'a user who may open the devices, but not iommufd',
  report,
  { nodes: [{ ...device, status: charNode(0o660, 65534) }, iommu], user },
  /^warning: you may not open \/dev\/iommu \(root:root 0600\), without which/,
);
test(
  'nodev',
  report,
  { nodes: [device, iommu], user, nodevMount: '/dev/vfio' },
  /^error: \/dev\/vfio is mounted with nodev, /,
);
test(
  'missing group nodes',
  report,
  {
    nodes: [
      { ...group, status: 'ENOENT' },
      { ...container, status: 'ENOENT' },
    ],
    user: { ...user, overridesMode: true },
  },
  /^error: there is no \/dev\/vfio\/15, there is no \/dev\/vfio\/vfio: .* -> load the module vfio/,
);
test(
  'a file in place of a group node',
  report,
  {
    nodes: [{ ...group, status: { ...charNode(0o600), kind: 'file' } }, container],
    user: { ...user, overridesMode: true },
  },
  /^error: \/dev\/vfio\/15 is a file: .* -> mount devtmpfs/,
);
test(
  'a container node that only root may open',
  report,
  {
    nodes: [group, { ...container, ...owned }],
    user: { ...user, uid: 0, overridesMode: true },
  },
  /^warning: \/dev\/vfio\/vfio \(root:root 0600\): other users cannot use groups.* -> chmod 0666/,
);
test('no claim about rights without /proc', report, { nodes: [device, iommu] });

test('readAccess names the owner and the group of a node, with numbers where they are unknown', (t) => {
  const root = fakeRoot(t);
  const files = { ...fakeFiles, lstat: () => charNode(0o660, 36) };
  const owners = () => readAccess(files, root.dir, healthy.devices, []).nodes[0]?.owners;
  root.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\n');
  t.is(owners(), 'root:36 0660');
});

test('readAccess takes the nodes of devices, or those of groups if no device has a node', (t) => {
  const root = fakeRoot(t);
  const nodes = (states: Snapshot['devices']) =>
    readAccess(fakeFiles, root.dir, states, []).nodes.map(({ kind, path, status }) =>
      [kind, path, typeof status === 'string' ? status : status.kind].join(' '),
    );
  root.node('/dev/vfio/devices/vfio0', '247:0');
  t.deepEqual(nodes([deviceState]), ['device /dev/vfio/devices/vfio0 char', 'shared /dev/iommu ENOENT']);
  root.node('/dev/vfio/3', '511:3');
  const grouped = { ...withoutNode, groupNode: '/dev/vfio/3' };
  t.deepEqual(nodes([grouped, grouped]), ['group /dev/vfio/3 char', 'shared /dev/vfio/vfio ENOENT']);
  t.deepEqual(nodes([]), []);
});

test('doctor on Linux before 6.1 names the bound device and its group node, and does not advise to bind one', async (t) => {
  const root = fakeRoot(t);
  const { rmdirSync } = await import('node:fs');
  rmdirSync(root.at('/sys/class/vfio-dev'));
  root.write('/proc/sys/kernel/osrelease', '5.15.0-91-generic\n');
  root.add({ name: '0000:01:00.0', driver: 'vfio-pci', group: '14' });
  root.write('/sys/class/vfio/14/dev', '511:14\n');
  root.node('/dev/vfio/14', '511:14');
  root.node('/dev/vfio/vfio', '10:196', 0o666);
  const machine = { files: fakeFiles, root: root.dir };
  const lines = runChecks(await takeSnapshot(nodeSystem, machine, { policy: defaultPolicy }));
  const text = (check: string) =>
    lines
      .filter((line) => line.check === check)
      .map(({ severity, message, remedy }) => `${severity}: ${message} -> ${remedy}`);
  t.regex(
    text('devices').join(),
    /^ok: 1 bound to VFIO drivers, reached through \/dev\/vfio\/14 \(Linux before 6\.1\) -> undefined$/,
  );
  t.regex(
    text('cdev').join(),
    /^ok: names of groups; per-device names need .* \(Linux before 6\.1 has no class vfio-dev\)/,
  );
  t.is(text('groups').join(), 'ok: every IOMMU group of these devices can be used -> undefined');
  t.is(text('vfio').join(), 'ok: loaded -> undefined');
  t.is(text('access').length, 1);
  t.false(lines.some(({ remedy }) => /bind one/.test(remedy ?? '')));
  root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
  root.add({ name: '0000:02:00.0', driver: 'vfio-pci' });
  const worse = runChecks(await takeSnapshot(nodeSystem, machine, { policy: defaultPolicy }));
  t.deepEqual(
    worse.flatMap(({ check, severity, message }) =>
      severity === 'error' && check !== 'names' ? [message] : [],
    ),
    [
      '0000:02:00.0 is bound to vfio-pci, but this kernel has no class vfio-dev (Linux before 6.1)',
      'IOMMU group 14 is not viable: 0000:01:00.0 is bound to VFIO, but its sibling 0000:01:00.1 (snd_hda_intel) to a driver of the host',
    ],
  );
});

test('doctor on a kernel with nodes of groups only reports names of groups, and whether udev made them', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false, driver: 'vfio-pci', group: '14' });
  root.addGroup('14');
  root.node('/dev/vfio/vfio', '10:196', 0o666);
  root.write('/proc/devices', 'Character devices:\n243 vfio\n\nBlock devices:\n');
  root.write('/usr/lib/udev/vfio_id', '');
  root.write('/run/udev/data/c243:14', 'S:vfio/groups/pci/0000:01:00.0\n');
  root.linkWithTarget('/dev/vfio/groups/pci/0000:01:00.0', '../../14');
  const machine = { files: fakeFiles, root: root.dir };
  const snapshot = await takeSnapshot(nodeSystem, machine, { policy: defaultPolicy });
  t.is(snapshot.devices[0]?.linkedByUdev, true);
  t.is(snapshot.verifyFindings, 0);
  const cdev = (names: boolean) =>
    runChecks({ ...snapshot, groupNames: names }).find(({ check }) => check === 'cdev');
  t.deepEqual(cdev(true), {
    check: 'cdev',
    severity: 'ok',
    message:
      'names of groups; per-device names need a kernel with CONFIG_VFIO_DEVICE_CDEV (CONFIG_VFIO_DEVICE_CDEV is off)',
  });
  t.is(cdev(false)?.severity, 'warning');
  t.regex(cdev(false)?.remedy ?? '', /^remove groups = false from \[names\]/);
  root.write('/run/udev/data/c243:14', '');
  const unnamed = await takeSnapshot(nodeSystem, machine, { policy: defaultPolicy });
  t.is(unnamed.devices[0]?.linkedByUdev, false);
  const off = { ...machine, groupNames: { enabled: false, policyLinks: false } as const };
  const none = await takeSnapshot(nodeSystem, off, { policy: defaultPolicy });
  t.is(none.devices[0]?.linkedByUdev, undefined);
  t.false(none.groupNames);
});

test('doctor makes no claim about groups if /proc/devices, sysfs and the configuration have none', (t) => {
  const { config: _config, interfaces: _interfaces, ...kernel } = healthy.kernel;
  const cdev = (more: Partial<Snapshot['kernel']>) =>
    runChecks({ ...healthy, kernel: { ...kernel, ...more } }).find(({ check }) => check === 'cdev')?.message;
  t.is(cdev({}), 'each device has its own node (/dev/vfio/devices)');
  t.regex(cdev({ hasGroupNode: true }) ?? '', /each group has one/);
  t.regex(cdev({ interfaces: { cdev: true, group: false } }) ?? '', /there are none of groups$/);
});

test('doctor warns of devices without an IOMMU: no isolation, no names, CAP_SYS_RAWIO', (t) => {
  const [line] = runChecks({ ...healthy, devices: [deviceState, { ...withoutNode, noIommu: true }] }).filter(
    ({ check }) => check === 'devices',
  );
  t.is(line?.severity, 'warning');
  t.regex(
    line?.message ?? '',
    /^2 bound to VFIO drivers, 1 of them without an IOMMU: those have no isolation, .*CAP_SYS_RAWIO/,
  );
});

test('doctor reports no error if udev made every name, by rules in a file of another name', (t) => {
  const udev = (state: Snapshot['udev'], linkedByUdev: boolean) =>
    runChecks({ ...healthy, devices: [{ ...deviceState, linkedByUdev }], udev: state }).find(
      ({ check }) => check === 'udev',
    );
  // The rules were removed: the names go with the next event.
  t.is(udev({ running: true, rulesState: 'missing' }, true)?.severity, 'error');
  t.is(udev({ running: true, rulesState: 'missing' }, false)?.severity, 'error');
  const other = { running: true, rulesPath: '/etc/udev/rules.d/99-local.rules', embedded: true } as const;
  t.regex(
    udev({ ...other, rulesState: 'current' }, true)?.message ?? '',
    /with \/etc\/udev\/rules\.d\/99-local\.rules$/,
  );
  t.regex(udev({ ...other, rulesState: 'edited' }, true)?.remedy ?? '', /rules render/);
});
