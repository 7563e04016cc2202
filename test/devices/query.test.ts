import test from 'ava';
import { type DeviceQuery, parseDeviceName } from '../../src/devices/query.ts';

const row = test.macro({
  exec(t, name: string, query: DeviceQuery) {
    t.deepEqual(parseDeviceName(name), query);
  },
  title: (_, name: string, query: DeviceQuery) => `parseQuery parses ${name} as ${query.kind}`,
});

const address = '0000:01:00.0';
test(row, address, { kind: 'name', name: address });
test(row, '01:00.0', { kind: 'name', name: '01:00.0' });
test(row, '0000:0A:00.0', { kind: 'name', name: '0000:0a:00.0' });
test(row, '10000:E1:00.0', { kind: 'name', name: '10000:e1:00.0' });
test(row, '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001', {
  kind: 'name',
  name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
});
test(row, 'ARMH0011:00', { kind: 'name', name: 'ARMH0011:00' });
test(row, `pci/${address}`, { kind: 'qualified', bus: 'pci', name: address });
test(row, 'by-sriov/a/vf0', { kind: 'qualified', bus: 'by-sriov', name: 'a/vf0' });
test(row, 'vfio3', { kind: 'sysname', sysname: 'vfio3' });
test(row, 'noiommu-vfio3', { kind: 'sysname', sysname: 'noiommu-vfio3' });
test(row, '247:3', { kind: 'devnum', devnum: '247:3' });
test(row, '/dev/vfio/devices/vfio3', { kind: 'sysname', sysname: 'vfio3' });
test(row, `/dev/vfio/pci/${address}`, { kind: 'link', link: `pci/${address}` });
test(row, `/dev//vfio/./pci/../pci/${address}/`, { kind: 'link', link: `pci/${address}` });
test(row, '/dev/char/247:3', { kind: 'path', path: '/dev/char/247:3' });
test(row, `/sys/bus/pci/devices/${address}/`, { kind: 'sysfs', path: `/sys/bus/pci/devices/${address}` });
test(row, '/../../..', { kind: 'path', path: '/' });
