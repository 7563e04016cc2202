import test from 'ava';
import { baseName, parseClassLink } from '../../src/devices/identify.ts';

test('identify returns the parent of the VFIO directory', (t) => {
  t.deepEqual(parseClassLink('vfio3', '../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/vfio-dev/vfio3'), {
    syspath: '/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0',
    name: '0000:01:00.0',
  });
});

const rejects = test.macro({
  exec(t, target: string) {
    t.is(parseClassLink('vfio3', target), undefined);
  },
  title: (_, target) => `identify rejects a class symlink to ${target}`,
});
test(rejects, '../../devices/pci0000:00/0000:00:04.0/vfio-dev/vfio4');
test(rejects, '../../devices/pci0000:00/0000:00:04.0/net/vfio3');
test(rejects, '/sys/devices/pci0000:00/0000:00:04.0/vfio-dev/vfio3');
test(rejects, '../../devices/../../etc/vfio-dev/vfio3');
test(rejects, '../../devices//vfio-dev/vfio3');
test(rejects, '../../devices/vfio-dev/vfio3');
test(rejects, '../../devices/a/./b/vfio-dev/vfio3');
test(rejects, '');

test('lastPart returns the last part of a symlink target', (t) => {
  t.is(baseName('../../../bus/pci'), 'pci');
  t.is(baseName('pci'), 'pci');
});
