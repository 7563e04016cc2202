import test from 'ava';
import { blockingSiblings, readSiblings } from '../../../src/devices/iommu-group.ts';
import { fakeProc } from '../../support/fake-proc.ts';

const device = {
  bus: 'pci',
  name: '0000:02:01.0',
  sysname: 'vfio0',
  syspath: '/sys/devices/pci0000:00/0000:02:01.0',
};
const members = `${device.syspath}/iommu_group/devices`;

const group = (drivers: Readonly<Record<string, string | undefined>>) => {
  const links: Record<string, string> = {};
  const directories: Record<string, readonly string[]> = { [members]: Object.keys(drivers) };
  for (const [name, driver] of Object.entries(drivers)) {
    links[`${members}/${name}/subsystem`] = '../../../bus/pci';
    if (driver !== undefined) links[`${members}/${name}/driver`] = `../../../bus/pci/drivers/${driver}`;
    if (driver === 'vfio-pci') directories[`${members}/${name}/vfio-dev`] = ['vfio1'];
  }
  return fakeProc({ links, directories });
};

test('readSiblings returns the other members of the group with their drivers in natural order', (t) => {
  const files = group({
    '0000:02:10.0': 'e1000',
    '0000:02:01.0': 'vfio-pci',
    '0000:02:02.0': 'vfio-pci',
    '0000:02:09.0': undefined,
    '0000:01:00.0': 'pcieport',
  });
  t.deepEqual(readSiblings(files, '', device), [
    { bus: 'pci', name: '0000:01:00.0', driver: 'pcieport', sharing: 'compatible' },
    { bus: 'pci', name: '0000:02:02.0', driver: 'vfio-pci', sharing: 'vfio' },
    { bus: 'pci', name: '0000:02:09.0', sharing: 'compatible' },
    { bus: 'pci', name: '0000:02:10.0', driver: 'e1000', sharing: 'blocking' },
  ]);
});

test('blockingSiblings returns only siblings with a host driver', (t) => {
  const files = group({ a: 'e1000', b: 'pci-stub', c: undefined, d: 'vfio-pci' });
  t.deepEqual(
    blockingSiblings(readSiblings(files, '', device)).map((sibling) => sibling.name),
    ['a'],
  );
});

test('readSiblings returns nothing without a group and omits a sibling that is gone', (t) => {
  t.deepEqual(readSiblings(fakeProc({}), '', device), []);
  t.deepEqual(readSiblings(fakeProc({ directories: { [members]: ['gone'] } }), '', device), []);
});
