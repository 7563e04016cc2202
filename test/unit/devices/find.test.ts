import test from 'ava';
import { type DeviceQuery, parseDeviceName } from '../../../src/devices/device-name.ts';
import { findDevice } from '../../../src/devices/find.ts';
import type { Device } from '../../../src/devices/types.ts';
import { type ExitStatus, VfioNamesError } from '../../../src/errors.ts';
import { errorLine } from '../../support/error-line.ts';

function device(bus: string, name: string, number: number): Device {
  return { bus, name, sysname: `vfio${number}`, devnum: `247:${number}`, syspath: `/sys/devices/x/${name}` };
}

const gpu = device('pci', '0000:01:00.0', 3);
const vmd = device('pci', '10000:01:00.0', 4);
const nic = device('pci', '0000:02:00.0', 5);
const mdev = device('mdev', '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', 6);
const uart = device('platform', 'shared', 7);
const uart2 = device('amba', 'shared', 8);
const hex = device('pci', '0000:0a:00.0', 9);
const acpi = device('platform', '80860F28:00', 10);
const digits = device('platform', '80862288:00', 11);
const devices = [hex, acpi, digits, gpu, vmd, nic, mdev, uart, uart2];

const finds = test.macro({
  exec(t, name: string, expected: Device) {
    t.is(findDevice(devices, name), expected);
  },
  title: (_, name: string, expected: Device) =>
    `findDevice finds ${expected.bus}/${expected.name} by ${JSON.stringify(name)}`,
});
test(finds, '0000:01:00.0', gpu);
test(finds, '02:00.0', nic);
test(finds, 'pci/02:00.0', nic);
test(finds, 'PCI/0000:02:00.0'.toLowerCase(), nic);
test(finds, '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001', mdev);
for (const form of [
  'PCI/0000:02:00.0',
  'pci/0000:02:00.0/',
  'pci:0000:02:00.0',
  'pci@0000:02:00.0',
  'pci-0000:02:00.0',
  'pci_0000_02_00_0',
  'PCI_0000_02_00_0',
  '00000000:02:00.0',
  '2:0.0',
  '0:2:0.0',
  '02:00',
  '0000:02:00',
  ' 02:00.0',
  '02:00.0\n',
  '\t0000:02:00.0 ',
  'VFIO5',
  'devices/vfio5',
  'vfio/pci/0000:02:00.0',
  'dev/vfio/devices/vfio5',
  '/dev/vfio/PCI/02:00.0',
])
  test(finds, form, nic);
test(finds, '10000:1:0.0', vmd);
test(finds, '/sys/bus/pci/devices/0000:0A:00.0', hex);
test(finds, 'pci/0000:0A:00.0', hex);
test(finds, 'pci/A:0.0', hex);
test(finds, '/dev/vfio/pci/0000:0A:00.0', hex);
test(finds, 'mdev/83B8F4F2-509F-382F-3C1E-E6BFE0FA1001', mdev);
test(finds, 'mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0', mdev);
test(finds, '80860F28:00', acpi);
test(finds, '80860f28:00', acpi);
test(finds, '80862288:00', digits);
test(finds, 'platform/80862288:00', digits);
test(finds, 'amba/shared', uart2);
test(finds, 'vfio3', gpu);
test(finds, '247:6', mdev);
test(finds, '/dev/vfio/devices/vfio5', nic);
test(finds, '/dev/vfio/pci/10000:01:00.0', vmd);
for (const path of [
  nic.syspath,
  `${nic.syspath}/vfio-dev`,
  `${nic.syspath}/vfio-dev/vfio5`,
  '/sys/class/vfio-dev/vfio5',
  '/sys/class/vfio-dev/vfio5/device',
  '/sys/bus/pci/devices/0000:02:00.0',
  '/sys/bus/pci/devices/0000:02:00.0/vfio-dev/vfio5',
  '/sys/dev/char/247:5',
])
  test(finds, path, nic);

test('findDevice prefers a name in the same letter case, and takes an alias by its name alone', (t) => {
  const [upper, lower] = [device('platform', 'UART:00', 1), device('platform', 'uart:00', 2)];
  t.is(findDevice([upper, lower], 'uart:00'), lower);
  t.throws(() => findDevice([upper, lower], 'Uart:00'), { code: 'ambiguous' });
  const owner = (link: string): readonly Device[] => (link === 'by-alias/gpu' ? [gpu] : []);
  t.is(findDevice(devices, 'gpu', owner), gpu);
});

test('findDevice interprets a device number as an address without its function only with a leading zero', (t) => {
  const slot = device('pci', '0000:10:10.0', 1);
  t.throws(() => findDevice([slot], '10:10'), { code: 'no-device' });
  t.is(findDevice([slot], '0000:10:10'), slot);
});

test('findDevice finds the owner of a policy link without following the link', (t) => {
  const owner = (link: string): readonly Device[] => (link === 'by-alias/gpu' ? [gpu] : []);
  t.is(findDevice(devices, 'by-alias/gpu', owner), gpu);
  t.is(findDevice(devices, '/dev/vfio/by-alias/gpu', owner), gpu);
});

test('findDevice rejects a link that several devices claim, with at most ten candidates', (t) => {
  const error = t.throws(() => findDevice(devices, 'by-serial/x.0', () => [gpu, nic]), {
    instanceOf: VfioNamesError,
  });
  t.is(error?.code, 'ambiguous');
  t.is(
    error && errorLine(error),
    'by-serial/x.0 fits 2 devices: pci/0000:01:00.0, pci/0000:02:00.0; name one of them',
  );
  const many = t.throws(() => findDevice(devices, 'by-serial/x.0', () => Array(65536).fill(gpu)));
  t.true((many?.message.length ?? 0) < 400);
});

const rejects = test.macro({
  exec(t, name: string, code: string, status: ExitStatus, message: string) {
    const error = t.throws(() => findDevice(devices, name), { instanceOf: VfioNamesError });
    t.is(error?.code, code);
    t.is(error?.status, status);
    t.is(errorLine(error), message);
  },
  title: (_, name, code) => `findDevice rejects ${JSON.stringify(name)}: ${code}`,
});
const noDevice = 'expected a device bound to VFIO, found none called';
test(
  rejects,
  '01:00.0',
  'ambiguous',
  2,
  '01:00.0 fits 2 devices: pci/0000:01:00.0, pci/10000:01:00.0; name one of them',
);
test(
  rejects,
  'shared',
  'ambiguous',
  2,
  'shared fits 2 devices: platform/shared, amba/shared; name one of them',
);
test(rejects, '0000:01:00.1', 'no-device', 3, `${noDevice} 0000:01:00.1; vfio-names list shows the devices`);
test(rejects, 'vfio99', 'no-device', 3, `${noDevice} vfio99; vfio-names list shows the devices`);
test(rejects, 'nonsense', 'no-device', 3, `${noDevice} nonsense; vfio-names list shows the devices`);
test(rejects, 'a\nb', 'no-device', 3, `${noDevice} a\\x0ab; vfio-names list shows the devices`);
test(rejects, '/dev/null', 'no-device', 3, `${noDevice} /dev/null; vfio-names list shows the devices`);
test(rejects, '/dev/vfio/14', 'no-device', 3, `${noDevice} /dev/vfio/14; vfio-names list shows the devices`);
test(
  rejects,
  '/sys/devices/x',
  'no-device',
  3,
  `${noDevice} /sys/devices/x; vfio-names list shows the devices`,
);

test('findDevice says that an empty name is none', (t) => {
  for (const name of ['', ' \n'])
    t.throws(() => findDevice([], name), { message: 'expected the name of a device, found an empty text' });
});

test('findDevice reports that no device is bound to a VFIO driver', (t) => {
  const error = t.throws(() => findDevice([], 'vfio0'));
  t.regex(errorLine(error), /; no device is bound to a VFIO driver here$/);
});

const row = test.macro({
  exec(t, name: string, query: DeviceQuery) {
    t.deepEqual(parseDeviceName(name), query);
  },
  title: (_, name: string, query: DeviceQuery) => `parseQuery parses ${name} as ${query.kind}`,
});

const address = '0000:01:00.0';
test(row, address, { kind: 'name', name: address });
test(row, '01:00.0', { kind: 'name', name: '01:00.0' });
test(row, '0000:0A:00.0', { kind: 'name', name: '0000:0A:00.0' });
test(row, '10000:E1:00.0', { kind: 'name', name: '10000:E1:00.0' });
test(row, '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001', {
  kind: 'name',
  name: '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001',
});
test(row, 'ARMH0011:00', { kind: 'name', name: 'ARMH0011:00' });
test(row, `pci/${address}`, { kind: 'qualified', bus: 'pci', name: address });
test(row, 'by-sriov/a/vf0', { kind: 'qualified', bus: 'by-sriov', name: 'a/vf0' });
test(row, 'vfio3', { kind: 'sysname', sysname: 'vfio3' });
test(row, 'noiommu-vfio3', { kind: 'sysname', sysname: 'noiommu-vfio3' });
test(row, '247:3', { kind: 'devnum', devnum: '247:3', name: '247:3' });
test(row, '/dev/vfio/devices/vfio3', { kind: 'sysname', sysname: 'vfio3' });
test(row, `/dev/vfio/pci/${address}`, { kind: 'link', link: `pci/${address}` });
test(row, `/dev//vfio/./pci/../pci/${address}/`, { kind: 'link', link: `pci/${address}` });
test(row, '/dev/char/247:3', { kind: 'path', path: '/dev/char/247:3' });
test(row, `/sys/bus/pci/devices/${address}/`, { kind: 'sysfs', path: `/sys/bus/pci/devices/${address}` });
test(row, '/../../..', { kind: 'path', path: '/' });
