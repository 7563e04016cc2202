import test from 'ava';
import fc from 'fast-check';
import {
  isNotVfio,
  matchTarget,
  mayBeVfio,
  parseFdinfo,
  splitDeleted,
} from '../../src/holders/descriptor.ts';

test('mayBeVfio accepts all paths, but of anonymous descriptors only device descriptors', (t) => {
  for (const link of [
    '/dev/vfio/5',
    '/',
    '/any/where',
    '/dev/vfio/devices/vfio0 (deleted)',
    'anon_inode:[vfio-device]',
  ])
    t.true(mayBeVfio(link), link);
  for (const link of ['socket:[5]', 'pipe:[5]', 'anon_inode:[eventpoll]', 'anon_inode:kvm-vm', 'net:[5]', ''])
    t.false(mayBeVfio(link), link);
});

test('isOther rules out character devices only by the fixed majors of memory devices and terminals', (t) => {
  const status = { kind: 'char', mode: 0o600, uid: 0, gid: 0, inode: '1' } as const;
  for (const devnum of ['1:3', '4:64', '5:0', '136:0', '143:255'])
    t.true(isNotVfio({ ...status, devnum }), devnum);
  for (const devnum of ['247:1', '511:3', '10:196', '13:5', '14:3', '144:0', '135:0', '41:1', '50:1'])
    t.false(isNotVfio({ ...status, devnum }), devnum);
  t.false(isNotVfio({ ...status, kind: 'file' }));
  t.false(isNotVfio({ ...status, kind: 'other' }));
});

test('splitDeleted splits off one suffix of a removed file', (t) => {
  t.deepEqual(splitDeleted('/dev/x (deleted)'), { path: '/dev/x', deleted: true });
  t.deepEqual(splitDeleted('/dev/x (deleted) (deleted)'), { path: '/dev/x (deleted)', deleted: true });
  t.deepEqual(splitDeleted('/dev/x'), { path: '/dev/x', deleted: false });
});

test('syspathIn reads the syspath only from its own line', (t) => {
  t.is(parseFdinfo('pos:\t0\nvfio-device-syspath: /sys/devices/a/b\n'), '/sys/devices/a/b');
  t.is(parseFdinfo('pos:\t0\nvfio-device-syspath: /sys/devices/a b'), '/sys/devices/a b');
  t.is(parseFdinfo('pos:\t0\nx-vfio-device-syspath: /sys/devices/a\n'), undefined);
  t.is(parseFdinfo('vfio-device-syspath: \n'), undefined);
  t.is(parseFdinfo(''), undefined);
});

test('heldThrough matches nothing for an empty target', (t) => {
  fc.assert(
    fc.property(
      fc.record({ path: fc.string(), deleted: fc.boolean() }),
      fc.option(fc.string(), { nil: undefined }),
      (base, devnum) => {
        t.is(matchTarget({ ...base, ...(devnum !== undefined && { devnum }) }, {}), undefined);
      },
    ),
    { numRuns: 100 },
  );
});

test('heldThrough prefers the device number of the node', (t) => {
  const descriptor = { path: '/x', deleted: false, devnum: '1:1', syspath: '/sys/devices/a' };
  t.is(matchTarget(descriptor, { devnum: '1:1', groupDevnum: '1:1', syspath: '/sys/devices/a' }), 'cdev');
  t.is(matchTarget(descriptor, { groupDevnum: '1:1' }), 'group');
  t.is(matchTarget(descriptor, { syspath: '/sys/devices/a' }), 'cdev');
  t.is(matchTarget({ path: 'x', deleted: false, syspath: '/sys/devices/a' }, { goneName: 'a' }), 'device-fd');
});
