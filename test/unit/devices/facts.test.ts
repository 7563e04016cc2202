import test from 'ava';
import { readFact, readFacts } from '../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

test('readFacts returns the facts of a PCI device from its directory, symlinks and node', (t) => {
  const root = fakeRoot(t);
  const device = root.add({
    name: '0000:01:00.3',
    sysname: 'vfio3',
    driver: 'vfio-pci',
    group: '14',
    attributes: {
      vendor: '0x10de',
      device: '0x2204',
      subsystem_vendor: '0x1043',
      subsystem_device: '0x87d5',
      class: '0x030000',
      revision: '0xa1',
      numa_node: '1',
    },
  });
  const { owner, fileGroup, ...facts } = readFacts(fakeFiles, root.dir, device);
  t.deepEqual(facts, {
    bus: 'pci',
    name: '0000:01:00.3',
    node: 'vfio3',
    devnum: '247:3',
    syspath: '/sys/devices/pci0000:00/0000:01:00.3',
    cdev: 'yes',
    driver: 'vfio-pci',
    group: '14',
    groupNode: '/dev/vfio/14',
    vendor: '0x10de',
    device: '0x2204',
    subsystemVendor: '0x1043',
    subsystemDevice: '0x87d5',
    class: '0x030000',
    revision: '0xa1',
    numaNode: '1',
    function: '3',
    path: facts.path ?? '',
    mode: '0600',
  });
  t.is(owner, String(process.getuid?.()));
  t.is(fileGroup, String(process.getgid?.()));
});

test('readFacts reads only the files of the wanted facts', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', driver: 'vfio-pci', noNode: true });
  const read: string[] = [];
  const files = hookedFiles(({ path }) => read.push(path));
  readFacts(files, root.dir, device, ['driver']);
  t.deepEqual(read, [root.at(`${device.syspath}/driver`)]);
});

test('readFacts omits node, devnum, owner and mode of a device without a node, and gives the reason in cdev', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false, group: '3' });
  root.node('/dev/vfio/devices/vfio0', '247:0');
  const facts = readFacts(fakeFiles, root.dir, device);
  for (const fact of ['node', 'devnum', 'owner', 'fileGroup', 'mode'] as const) t.false(fact in facts, fact);
  t.is(facts.cdev, 'no');
  t.regex(facts.noCdevReason ?? '', /CONFIG_VFIO_DEVICE_CDEV/);
});

test("a no-IOMMU device with a node has the group node noiommu-N and cdev 'no' because it is not named", (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'noiommu-vfio0', group: '3', noNode: true });
  t.is(readFact(fakeFiles, root.dir, device, 'groupNode'), '/dev/vfio/noiommu-3');
  t.is(readFact(fakeFiles, root.dir, device, 'cdev'), 'no');
  t.is(
    readFact(fakeFiles, root.dir, device, 'noCdevReason'),
    'no name leads to the node of a no-IOMMU device, because it has no isolation',
  );
});

test('a no-IOMMU device called vfioN (up to Linux 7.2) is recognized by its group', (t) => {
  const root = fakeRoot(t);
  const bound = { devnum: false, group: '3' } as const;
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', ...bound });
  const facts = () => readFacts(fakeFiles, root.dir, device, ['noCdevReason', 'groupNode']);
  t.is(facts().groupNode, '/dev/vfio/3');
  root.write('/sys/class/vfio/noiommu-3/dev', '243:0\n');
  t.is(facts().groupNode, '/dev/vfio/noiommu-3');
  t.is(facts().noCdevReason, 'no-IOMMU devices have no node of their own, and no isolation');
});

test('readFacts omits malformed and unreadable attributes and returns the other facts', (t) => {
  const root = fakeRoot(t);
  const device = root.add({
    name: '0000:01:00.0',
    sysname: 'vfio0',
    noNode: true,
    attributes: { vendor: '10de', device: '0x2204', class: '\u001b[2J', numa_node: '-1' },
  });
  root.linkWithTarget(`${device.syspath}/iommu_group`, '../../kernel/iommu_groups/odd');
  const files = hookedFiles(({ name, path }) => {
    if (name === 'readlink' && path.endsWith('/driver')) throw errnoError('EACCES');
  });
  const facts = readFacts(files, root.dir, device);
  for (const fact of ['vendor', 'class', 'numaNode', 'group', 'groupNode', 'driver'] as const)
    t.false(fact in facts, fact);
  t.is(facts.device, '0x2204');
});

test('readFact throws errors that are not failed system calls', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(() => {
    throw new TypeError('fault');
  });
  t.throws(() => readFact(files, root.dir, device, 'vendor'), { instanceOf: TypeError });
});
