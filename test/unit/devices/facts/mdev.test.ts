import test from 'ava';
import { mdevParent } from '../../../../src/devices/facts/mdev.ts';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

test('a mediated device has an mdevType and an mdevParent', (t) => {
  const root = fakeRoot(t);
  const name = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
  const mdev = root.add({
    bus: 'mdev',
    name,
    sysname: 'vfio0',
    parent: '/sys/devices/pci0000:00/0000:00:02.0',
  });
  root.linkTo(
    `${mdev.syspath}/mdev_type`,
    '/sys/devices/pci0000:00/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_4',
  );
  t.is(readFact(fakeFiles, root.dir, mdev, 'mdevType'), 'i915-GVTg_V5_4');
  t.is(readFact(fakeFiles, root.dir, mdev, 'mdevParent'), '0000:00:02.0');
  const pci = root.add({ name: '0000:01:00.0', sysname: 'vfio1' });
  t.is(readFact(fakeFiles, root.dir, pci, 'mdevType'), undefined);
  t.is(readFact(fakeFiles, root.dir, pci, 'mdevParent'), undefined);
  t.is(mdevParent({ ...mdev, syspath: '/sys/devices/x' }), undefined);
});
