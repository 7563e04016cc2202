import test from 'ava';
import { quickFind } from '../../src/devices/quick-find.ts';
import { VfioNamesError } from '../../src/errors.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

test('a whole name, a name with its bus, vfioN and the path of a node find the device without a look at others', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', noNode: true });
  root.add({ name: '0000:02:00.0', sysname: 'vfio4', noNode: true });
  const paths: string[] = [];
  const files = hookedFiles(({ path }) => paths.push(path));
  for (const name of ['0000:01:00.0', 'pci/0000:01:00.0', 'vfio3', '/dev/vfio/devices/vfio3'])
    t.deepEqual(quickFind(files, root.dir, name), device, name);
  t.false(paths.some((path) => path.includes('vfio4') || path.endsWith('/class/vfio-dev')));
});

test('what takes a scan to tell is left to the scan', (t) => {
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
    t.is(quickFind(fakeFiles, root.dir, name), undefined, name);
});

test('a name on two buses is left to the scan, which lists the candidates', (t) => {
  const root = fakeRoot(t);
  root.add({ bus: 'platform', name: 'shared', sysname: 'vfio0', noNode: true });
  root.add({ bus: 'amba', name: 'shared', sysname: 'vfio1', noNode: true, above: '/sys/devices/amba' });
  t.is(quickFind(fakeFiles, root.dir, 'shared'), undefined);
  t.is(quickFind(fakeFiles, root.dir, 'amba/shared')?.sysname, 'vfio1');
});

test('a malformed device is refused with what was found', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  root.write(`${device.syspath}/vfio-dev/vfio0/dev`, 'junk\n');
  const error = t.throws(() => quickFind(fakeFiles, root.dir, '0000:01:00.0'), {
    instanceOf: VfioNamesError,
  });
  t.is(error?.message, 'expected MAJOR:MINOR at /sys/class/vfio-dev/vfio0/dev, found junk');
});

test('a device that vanishes in between is left to the scan', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', noNode: true });
  const files = hookedFiles(({ name }) => {
    if (name === 'readlink') root.unbind(device);
  });
  t.is(quickFind(files, root.dir, '0000:01:00.0'), undefined);
});
