import test from 'ava';
import { findOneDevice } from '../../../src/devices/find-one.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

test('findOneDevice finds a device by each name that is its alone, and reads no other device', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: '247:3' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio4' });
  root.replaceLink('/sys/dev/char/247:3', `${device.syspath}/vfio-dev/vfio3`);
  const others: string[] = [];
  const files = hookedFiles(({ name, path }) => {
    if (path.includes('vfio4') || (name !== 'readlink' && path.endsWith('/class/vfio-dev')))
      others.push(path);
  });
  for (const name of [
    '0000:01:00.0',
    'pci/0000:01:00.0',
    'vfio3',
    '/dev/vfio/devices/vfio3',
    '/dev/vfio/pci/0000:01:00.0',
    '247:3',
    '/sys/bus/pci/devices/0000:01:00.0',
    '/sys/class/vfio-dev/vfio3',
    '/sys/dev/char/247:3',
    device.syspath,
    `${device.syspath}/vfio-dev`,
    `${device.syspath}/vfio-dev/vfio3/dev`,
  ])
    t.deepEqual(findOneDevice(files, root.dir, name), device, name);
  t.deepEqual(others, []);
});

test('findOneDevice finds an mdev by the link of its UUID', (t) => {
  const root = fakeRoot(t);
  const name = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
  const device = root.add({ bus: 'mdev', name, sysname: 'vfio0' });
  t.deepEqual(findOneDevice(fakeFiles, root.dir, `/dev/vfio/mdev/${name}`), device);
});

test('findOneDevice returns undefined for short forms, other links and unknown names', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:03:00.0', sysname: 'vfio5', devnum: false });
  root.add({ bus: 'platform', name: 'uart', sysname: 'vfio6', parent: '/sys/devices/platform' });
  root.add({ name: '0000:01:00.0', sysname: 'vfio3', noNode: true });
  root.add({ name: '0000:05:00.0' });
  for (const name of [
    '01:00.0',
    '247:3',
    '0000:05:00.0',
    '0000:09:00.0',
    'vfio99',
    '..',
    'pci/..',
    'pci/0000:01:00.0/vfio-dev',
    'x'.repeat(300),
    '/dev/vfio/pci/0000:03:00.0',
    '/dev/vfio/platform/uart',
    '/dev/vfio/by-alias/gpu',
    '/sys/bus/pci/devices/0000:05:00.0',
    '/sys/bus/pci/devices',
    '/sys/dev/char/247:99',
  ])
    t.is(findOneDevice(fakeFiles, root.dir, name), undefined, name);
});

test('findOneDevice returns undefined for what the kernel does not make, so that a scan reports it', (t) => {
  const root = fakeRoot(t);
  const { syspath } = root.add({ name: '0000:01:00.0', sysname: 'vfio3' });
  root.linkWithTarget('/sys/dev/char/247:8', '../../x/..');
  root.linkWithTarget('/sys/dev/char/247:9', '../../x/file');
  root.write('/sys/class/vfio-dev/file', '');
  root.write('/sys/class/vfio-dev/entry/dev', '');
  root.write(`${syspath}/vfio-dev/entry/dev`, '');
  for (const name of ['247:8', '247:9', 'file', `${syspath}/vfio-dev/entry`, '/sys/class/vfio-dev/entry'])
    t.is(findOneDevice(fakeFiles, root.dir, name), undefined, name);
  t.is(findOneDevice(fakeFiles, root.dir, syspath)?.sysname, 'vfio3');
});

test('findOneDevice returns undefined for a name on two buses', (t) => {
  const root = fakeRoot(t);
  root.add({ bus: 'platform', name: 'shared', sysname: 'vfio0', noNode: true });
  root.add({ bus: 'amba', name: 'shared', sysname: 'vfio1', noNode: true, parent: '/sys/devices/amba' });
  t.is(findOneDevice(fakeFiles, root.dir, 'shared'), undefined);
  t.is(findOneDevice(fakeFiles, root.dir, 'amba/shared')?.sysname, 'vfio1');
});

test('findOneDevice throws for a malformed device with what was found', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  root.write(`${device.syspath}/vfio-dev/vfio0/dev`, 'junk\n');
  const error = t.throws(() => findOneDevice(fakeFiles, root.dir, '0000:01:00.0'), {
    instanceOf: VfioNamesError,
  });
  t.is(error?.message, 'expected MAJOR:MINOR at /sys/class/vfio-dev/vfio0/dev, found junk');
});

test('findOneDevice returns undefined for a device that disappears meanwhile', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(({ name }) => {
    if (name === 'readlink') root.unbind(device);
  });
  t.is(findOneDevice(files, root.dir, '0000:01:00.0'), undefined);
});
