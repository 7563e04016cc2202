import test from 'ava';
import { parseQuery, type Query } from '../../src/devices/query.ts';

const row = test.macro({
  exec(t, name: string, query: Query) {
    t.deepEqual(parseQuery(name), query);
  },
  title: (_, name: string, query: Query) => `parseQuery parses ${name} as ${query.form}`,
});

const address = '0000:01:00.0';
test(row, address, { form: 'name', name: address });
test(row, '01:00.0', { form: 'name', name: '01:00.0' });
test(row, '0000:0A:00.0', { form: 'name', name: '0000:0a:00.0' });
test(row, '10000:E1:00.0', { form: 'name', name: '10000:e1:00.0' });
test(row, '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001', {
  form: 'name',
  name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
});
test(row, 'ARMH0011:00', { form: 'name', name: 'ARMH0011:00' });
test(row, `pci/${address}`, { form: 'qualified', bus: 'pci', name: address });
test(row, 'by-sriov/a/vf0', { form: 'qualified', bus: 'by-sriov', name: 'a/vf0' });
test(row, 'vfio3', { form: 'sysname', sysname: 'vfio3' });
test(row, 'noiommu-vfio3', { form: 'sysname', sysname: 'noiommu-vfio3' });
test(row, '247:3', { form: 'devnum', devnum: '247:3' });
test(row, '/dev/vfio/devices/vfio3', { form: 'sysname', sysname: 'vfio3' });
test(row, `/dev/vfio/pci/${address}`, { form: 'link', link: `pci/${address}` });
test(row, `/dev//vfio/./pci/../pci/${address}/`, { form: 'link', link: `pci/${address}` });
test(row, '/dev/char/247:3', { form: 'path', path: '/dev/char/247:3' });
test(row, `/sys/bus/pci/devices/${address}/`, { form: 'sysfs', path: `/sys/bus/pci/devices/${address}` });
test(row, '/../../..', { form: 'path', path: '/' });
