import test from 'ava';
import { goneTarget, targetOf } from '../../src/holders/target.ts';
import { fakeProc } from './proc.ts';

const device = {
  bus: 'pci',
  name: '0000:00:04.0',
  sysname: 'vfio0',
  devnum: '247:0',
  syspath: '/sys/devices/pci0000:00/0000:00:04.0',
};
const group = { [`${device.syspath}/iommu_group`]: '../../../kernel/iommu_groups/14' };

test('a target has the numbers of the own node and of the node of the group', (t) => {
  const files = fakeProc({ links: group, texts: { '/sys/class/vfio/14/dev': '243:2\n' } });
  t.deepEqual(targetOf(files, '', device), {
    device,
    syspath: device.syspath,
    devnum: '247:0',
    groupDevnum: '243:2',
  });
});

test('the group of a no-IOMMU device has a node of another name', (t) => {
  const files = fakeProc({ links: group, texts: { '/sys/class/vfio/noiommu-14/dev': '243:2\n' } });
  t.is(targetOf(files, '', device).groupDevnum, '243:2');
});

test('what the kernel does not have is left out', (t) => {
  const { devnum, ...bare } = device;
  t.deepEqual(targetOf(fakeProc({}), '', bare), { device: bare, syspath: device.syspath });
  t.deepEqual(targetOf(fakeProc({ links: group }), '', device), { device, syspath: device.syspath, devnum });
});

const gone = test.macro({
  exec(t, word: string, expected: object) {
    t.deepEqual(goneTarget(word), expected);
  },
  title: (_, word) => `a device that is gone is asked for by ${word}`,
});

test(gone, 'vfio3', { goneSysname: 'vfio3' });
test(gone, '/dev/vfio/devices/vfio3', { goneSysname: 'vfio3' });
test(gone, '247:3', { devnum: '247:3' });
test(gone, '0000:01:00.0', { goneName: '0000:01:00.0' });
test(gone, '01:00.0', { goneName: '0000:01:00.0' });
test(gone, '/dev/vfio/pci/0000:0A:00.0', { goneName: '0000:0a:00.0' });
test(gone, 'pci/0000:01:00.0', { goneName: '0000:01:00.0' });
