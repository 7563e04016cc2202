import * as fs from 'node:fs';
import test from 'ava';
import { findClasslessDevices, realSysfsPath } from '../../../src/devices/not-bound.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { findByNameOrPath } from '../../../src/links/find.ts';
import { observe } from '../../../src/links/observe.ts';
import { runCli } from '../../support/cli.ts';
import { errorLine } from '../../support/error-line.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

function find(root: FakeRoot, name: string): string {
  const machine = { files: fakeFiles, root: root.dir };
  try {
    return findByNameOrPath(machine, observe(machine), name).name;
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return `${error.code} ${error.status}: ${errorLine(error)}`;
  }
}

const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

/** A card on nvidia, one without a driver, a bridge, a disk of another domain, and an unrelated VFIO device. */
function host(root: FakeRoot): FakeRoot {
  root.add({ name: '0000:4a:00.0', driver: 'nvidia' });
  root.add({ name: '0000:4b:00.0' });
  root.add({ name: '0000:00:01.0', driver: 'pcieport', attributes: { class: '0x060400' } });
  root.add({ name: '0001:4a:00.1', driver: 'nvme' });
  root.add({ bus: 'platform', name: '80860F28:00', driver: 'dw-apb-uart', parent: '/sys/devices/platform' });
  root.add({ bus: 'mdev', name: uuid, parent: '/sys/devices/pci0000:00/0000:4a:00.0' });
  root.add({ name: '0000:61:00.0', driver: 'vfio-pci', sysname: 'vfio0', emptyNode: true });
  return root;
}

const onNvidia =
  'not-bound 3: 0000:4a:00.0 is bound to nvidia, not to a VFIO driver; bind it to vfio-pci first, if the host does not need it';

test('a device with a driver of the host is named with its driver, in every form of NAME', (t) => {
  const root = host(fakeRoot(t));
  for (const name of [
    '0000:4a:00.0',
    '4A:00.0',
    'pci/0000:4A:00.0',
    'pci_0000_4a_00_0',
    '/dev/vfio/pci/0000:4a:00.0',
    '/sys/bus/pci/devices/0000:4a:00.0',
    '/sys/bus/pci/drivers/nvidia/0000:4a:00.0',
    '/sys/devices/pci0000:00/0000:4a:00.0/driver/0000:4a:00.0',
  ])
    t.is(find(root, name), onNvidia, name);
});

test('notBoundError explains what to do for a device of any bus, a device without a driver, and a bridge', (t) => {
  const root = host(fakeRoot(t));
  t.is(
    find(root, '0000:4b:00.0'),
    'not-bound 3: 0000:4b:00.0 is not bound to any driver; bind it to vfio-pci first',
  );
  t.is(
    find(root, '80860F28:00'),
    'not-bound 3: 80860F28:00 is bound to dw-apb-uart, not to a VFIO driver; bind it to the VFIO driver of its bus first, if the host does not need it',
  );
  t.regex(find(root, uuid.toUpperCase()), new RegExp(`^not-bound 3: ${uuid} is not bound to any driver; `));
  t.regex(
    find(root, '00:01.0'),
    /^not-bound 3: 0000:00:01\.0 is bound to pcieport.*; VFIO does not bind bridges$/,
  );
});

test('a NAME that several devices of the host have is ambiguous, and an error names no other device', (t) => {
  const root = host(fakeRoot(t));
  root.add({ name: '0001:4a:00.0' });
  t.is(
    find(root, '4a:00.0'),
    'ambiguous 2: 4a:00.0 fits 2 devices, none of them bound to VFIO: pci/0000:4a:00.0 (nvidia), pci/0001:4a:00.0 (no driver); name one of them',
  );
  for (const name of ['0000:61:00.1', '0000:6l:00.0', 'vfio1', 'pci/0000:61:00'])
    if (!name.endsWith(':00')) t.notRegex(find(root, name), /61:00\.0/, name);
});

test('a device on a VFIO driver that VFIO has not registered is not denied', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', driver: 'mlx5_vfio_pci' });
  t.regex(
    find(root, '01:00.0'),
    /^not-bound 3: 0000:01:00\.0 is bound to mlx5_vfio_pci, but VFIO has not registered it; /,
  );
});

test('notBoundError names the group node of a device on Linux before 6.1, which has no class vfio-dev', (t) => {
  const root = fakeRoot(t);
  fs.rmdirSync(root.at('/sys/class/vfio-dev'));
  root.add({ name: '0000:01:00.0', driver: 'vfio-pci', group: '14' });
  root.add({ name: '0000:02:00.0', driver: 'e1000e', group: '15' });
  root.write('/sys/class/vfio/14/dev', '511:14\n');
  t.is(
    find(root, '01:00.0'),
    'no-vfio-class 5: 0000:01:00.0 is bound to vfio-pci, but this kernel has no class vfio-dev (Linux before 6.1); it is reached through /dev/vfio/14; use the node of the group, or Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV for nodes of devices',
  );
  t.deepEqual(
    findClasslessDevices(fakeFiles, root.dir).map(({ name, groupNode }) => [name, groupNode]),
    [['0000:01:00.0', '/dev/vfio/14']],
  );
  t.notRegex(find(root, 'nonsense'), /no device is bound/);
  t.regex(find(root, '/dev/vfio/14'), /^not-bound 3: .*IOMMU group 14.*pci\/0000:01:00\.0 \(vfio-pci\)/);
});

test('a group leads to its only VFIO device; with several, the error lists all members', (t) => {
  const root = fakeRoot(t);
  const gpu = root.add({
    name: '0000:01:00.0',
    driver: 'vfio-pci',
    sysname: 'vfio0',
    group: '14',
    emptyNode: true,
  });
  root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
  root.linkTo('/sys/class/vfio/14', '/sys/devices/virtual/vfio/14');
  root.write('/sys/devices/virtual/vfio/14/dev', '511:0\n');
  root.linkTo('/sys/dev/char/511:0', '/sys/devices/virtual/vfio/14');
  const forms = [
    '/dev/vfio/14',
    'vfio/14',
    'group 14',
    'IOMMU group 14',
    'iommu_group/14',
    '14',
    '511:0',
    '/sys/kernel/iommu_groups/14',
    '/sys/kernel/iommu_groups/14/devices',
    '/sys/class/vfio/14',
    `${gpu.syspath}/iommu_group`,
  ];
  for (const form of forms) t.is(find(root, form), '0000:01:00.0', form);
  t.is(find(root, '/sys/kernel/iommu_groups/14/devices/0000:01:00.0'), '0000:01:00.0');
  root.add({ name: '0000:01:00.1', driver: 'vfio-pci', sysname: 'vfio1', group: '14', emptyNode: true });
  for (const form of forms)
    t.is(
      find(root, form),
      `ambiguous 2: ${form} is IOMMU group 14 with 2 devices: pci/0000:01:00.0 (vfio-pci), pci/0000:01:00.1 (vfio-pci); name one of them`,
    );
  t.regex(find(root, '/dev/vfio/vfio'), /^no-device 3: .*the container that all groups share/);
  t.regex(find(root, 'group 15'), /^no-device 3: .*found no group 15/);
});

test('a path in /sys leads to the device through the links of drivers, groups and attributes', (t) => {
  const root = fakeRoot(t);
  const gpu = root.add({ name: '0000:0a:00.0', driver: 'vfio-pci', sysname: 'vfio0', emptyNode: true });
  root.write(`${gpu.syspath}/vendor`, '0x10de\n');
  for (const path of [
    '/sys/bus/pci/drivers/vfio-pci/0000:0A:00.0',
    '/sys/bus/pci/devices/0000:0a:00.0/../0000:0a:00.0/',
    '/sys/class/vfio-dev/vfio0/device',
    `${gpu.syspath}/vendor`,
  ])
    t.is(find(root, path), '0000:0a:00.0', path);
});

test('realSysfsPath stays below the root and ends at a loop', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/sys/out', '../../../../../../sys/class');
  root.linkWithTarget('/sys/absolute', '/sys/class');
  root.linkWithTarget('/sys/loop', 'loop');
  t.is(realSysfsPath(fakeFiles, root.dir, '/sys/out'), '/sys/class');
  t.is(realSysfsPath(fakeFiles, root.dir, '/sys/absolute/vfio-dev'), '/sys/class/vfio-dev');
  t.is(realSysfsPath(fakeFiles, root.dir, '/sys/loop'), undefined);
  t.is(realSysfsPath(fakeFiles, root.dir, '/sys/none'), undefined);
});

test('list, graph, verify, cdi and doctor know the devices of Linux before 6.1 by their groups and do not say that none is bound', async (t) => {
  const root = fakeRoot(t);
  fs.rmdirSync(root.at('/sys/class/vfio-dev'));
  root.add({ name: '0000:01:00.0', driver: 'vfio-pci', group: '14' });
  root.write('/sys/class/vfio/14/dev', '511:14\n');
  const text = async (...args: string[]) => {
    const { out, err } = await runCli([...args, '--root', root.dir]);
    return [...err, out].join('\n');
  };
  t.regex(await text('list'), /^pci\/0000:01:00\.0 +vfio-pci +14 +no node \[1\]$/m);
  t.regex(await text('list'), /^\[1\] .*; only \/dev\/vfio\/14$/m);
  t.regex(
    await text('cdi'),
    /0000:01:00\.0 is left out: expected the character device 511:14 at \/dev\/vfio\/14/,
  );
  t.regex(await text('verify'), /^node-missing: \/dev\/vfio\/14: /m);
  t.regex(await text('graph'), /0000:01:00\.0 · group 14 · vfio-pci, \/dev\/vfio\/14/);
  t.regex(await text('doctor'), /^ok +devices +1 bound to VFIO drivers, .*Linux before 6\.1/m);
  for (const command of ['list', 'cdi', 'verify', 'graph', 'doctor'])
    t.notRegex(await text(command), /no device is bound/, command);
});
