import test from 'ava';
import { findByWholeName } from '../../src/devices/quick-find.ts';
import { VfioNamesError } from '../../src/errors.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

test('quickFind finds a device by whole name, bus/name, vfioN and node path without reading other devices', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', noNode: true });
  root.add({ name: '0000:02:00.0', sysname: 'vfio4', noNode: true });
  const paths: string[] = [];
  const files = hookedFiles(({ path }) => paths.push(path));
  for (const name of ['0000:01:00.0', 'pci/0000:01:00.0', 'vfio3', '/dev/vfio/devices/vfio3'])
    t.deepEqual(findByWholeName(files, root.dir, name), device, name);
  t.false(paths.some((path) => path.includes('vfio4') || path.endsWith('/class/vfio-dev')));
});

test('quickFind returns undefined for short forms, paths and unknown names', (t) => {
  const root = fakeRoot(t);
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
    '/dev/vfio/pci/0000:01:00.0',
  ])
    t.is(findByWholeName(fakeFiles, root.dir, name), undefined, name);
});

test('quickFind returns undefined for a name on two buses', (t) => {
  const root = fakeRoot(t);
  root.add({ bus: 'platform', name: 'shared', sysname: 'vfio0', noNode: true });
  root.add({ bus: 'amba', name: 'shared', sysname: 'vfio1', noNode: true, parent: '/sys/devices/amba' });
  t.is(findByWholeName(fakeFiles, root.dir, 'shared'), undefined);
  t.is(findByWholeName(fakeFiles, root.dir, 'amba/shared')?.sysname, 'vfio1');
});

test('quickFind throws for a malformed device with what was found', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  root.write(`${device.syspath}/vfio-dev/vfio0/dev`, 'junk\n');
  const error = t.throws(() => findByWholeName(fakeFiles, root.dir, '0000:01:00.0'), {
    instanceOf: VfioNamesError,
  });
  t.is(error?.message, 'expected MAJOR:MINOR at /sys/class/vfio-dev/vfio0/dev, found junk');
});

test('quickFind returns undefined for a device that disappears meanwhile', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(({ name }) => {
    if (name === 'readlink') root.unbind(device);
  });
  t.is(findByWholeName(files, root.dir, '0000:01:00.0'), undefined);
});
