import test from 'ava';
import { isUuid, mdevParent } from '../../../../src/devices/facts/mdev.ts';
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

test('isUuid accepts only UUIDs', (t) => {
  t.true(isUuid('bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3'));
  t.true(isUuid('BD8D9D2B-5A5F-4F5A-A211-F591514BA1F3'));
  for (const text of [
    '',
    'bd8d9d2b',
    'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3 x',
    'gd8d9d2b-5a5f-4f5a-a211-f591514ba1f3',
  ])
    t.false(isUuid(text), text);
});
