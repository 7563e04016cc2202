import test from 'ava';
import { isGoneName, targetOf, targetOfGoneDevice } from '../../../src/holders/target.ts';
import { fakeProc } from '../../support/fake-proc.ts';

const device = {
  bus: 'pci',
  name: '0000:00:04.0',
  sysname: 'vfio0',
  devnum: '247:0',
  syspath: '/sys/devices/pci0000:00/0000:00:04.0',
};
const group = { [`${device.syspath}/iommu_group`]: '../../../kernel/iommu_groups/14' };

test('targetOf returns the device numbers of the node and of the group node', (t) => {
  const files = fakeProc({ links: group, texts: { '/sys/class/vfio/14/dev': '243:2\n' } });
  t.deepEqual(targetOf(files, '', device), {
    device,
    syspath: device.syspath,
    devnum: '247:0',
    groupDevnum: '243:2',
    containerDevnum: '10:196',
  });
});

test('targetOf finds the group node of a no-IOMMU device', (t) => {
  const files = fakeProc({ links: group, texts: { '/sys/class/vfio/noiommu-14/dev': '243:2\n' } });
  t.is(targetOf(files, '', device).groupDevnum, '243:2');
});

test('targetOf omits device numbers that do not exist', (t) => {
  const { devnum, ...bare } = device;
  t.deepEqual(targetOf(fakeProc({}), '', bare), { device: bare, syspath: device.syspath });
  t.deepEqual(targetOf(fakeProc({ links: group }), '', device), { device, syspath: device.syspath, devnum });
});

const gone = test.macro({
  exec(t, arg: string, expected: object) {
    t.deepEqual(targetOfGoneDevice(arg), expected);
  },
  title: (_, arg) => `goneTarget parses ${arg}`,
});

test(gone, 'vfio3', { goneSysname: 'vfio3' });
test(gone, '/dev/vfio/devices/vfio3', { goneSysname: 'vfio3' });
test(gone, '247:3', { devnum: '247:3', goneName: '247:3' });
test(gone, '0000:01:00.0', { goneName: '0000:01:00.0' });
test(gone, '01:00.0', { goneName: '01:00.0' });
test(gone, '/dev/vfio/pci/0000:0A:00.0', { goneName: '0000:0A:00.0' });
test(gone, 'pci/0000:01:00.0', { goneName: '0000:01:00.0' });
test(gone, '80860F28:00', { goneName: '80860F28:00' });
test(gone, 'pci_0000_0a_00_0', { goneName: '0000:0a:00.0' });

test('a device that is gone is found by its address without the domain, in any domain', (t) => {
  t.true(isGoneName('01:00.0', '0001:01:00.0'));
  t.true(isGoneName('01:00.0', '0000:01:00.0'));
  t.true(isGoneName('00000001:01:00.0', '0001:01:00.0'));
  t.false(isGoneName('01:00.0', '0000:01:00.1'));
  t.false(isGoneName('0000:01:00.0', '0001:01:00.0'));
  t.true(isGoneName('lpss.0', 'lpss.0'));
});
