import test from 'ava';
import { identify, lastPart } from '../../src/devices/identify.ts';

test('the parent of the VFIO directory is the device', (t) => {
  t.deepEqual(identify('vfio3', '../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/vfio-dev/vfio3'), {
    syspath: '/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0',
    name: '0000:01:00.0',
  });
});

const refused = test.macro({
  exec(t, target: string) {
    t.is(identify('vfio3', target), undefined);
  },
  title: (_, target) => `a class link to ${target} is no VFIO device`,
});
test(refused, '../../devices/pci0000:00/0000:00:04.0/vfio-dev/vfio4');
test(refused, '../../devices/pci0000:00/0000:00:04.0/net/vfio3');
test(refused, '/sys/devices/pci0000:00/0000:00:04.0/vfio-dev/vfio3');
test(refused, '../../devices/../../etc/vfio-dev/vfio3');
test(refused, '../../devices//vfio-dev/vfio3');
test(refused, '../../devices/vfio-dev/vfio3');
test(refused, '../../devices/a/./b/vfio-dev/vfio3');
test(refused, '');

test('the last part of a link is the name that it gives', (t) => {
  t.is(lastPart('../../../bus/pci'), 'pci');
  t.is(lastPart('pci'), 'pci');
});
