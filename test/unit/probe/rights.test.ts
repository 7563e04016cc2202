import test from 'ava';
import { mayOpen, nodevMountOf, parseRights } from '../../../src/probe/rights.ts';

test('parseRights reads the effective ids, the groups and CAP_DAC_OVERRIDE', (t) => {
  const status = (capabilities: string) =>
    `Name:\tx\nUid:\t5\t1000\t7\t8\nGid:\t1\t100\t3\t4\nGroups:\t27 36 \nCapEff:\t${capabilities}\n`;
  t.deepEqual(parseRights(status('0000000000000000')), {
    uid: 1000,
    gids: [100, 27, 36],
    overridesMode: false,
  });
  t.true(parseRights(status('0000000000000002'))?.overridesMode);
  t.is(parseRights(''), undefined);
});

test('mayOpen takes the bits of the first class that fits, as the kernel does', (t) => {
  const user = { uid: 1000, gids: [100, 36], overridesMode: false };
  t.true(mayOpen(user, { uid: 0, gid: 36, mode: 0o660 }));
  t.false(mayOpen(user, { uid: 0, gid: 36, mode: 0o606 }));
  t.false(mayOpen(user, { uid: 1000, gid: 36, mode: 0o066 }));
  t.true(mayOpen(user, { uid: 0, gid: 0, mode: 0o666 }));
  t.false(mayOpen(user, { uid: 0, gid: 0, mode: 0o664 }));
  t.true(mayOpen({ ...user, overridesMode: true }, { uid: 0, gid: 0, mode: 0 }));
});

test('nodevMountOf finds the mount that the path is on', (t) => {
  const mounts = [
    '21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw',
    '22 21 0:5 / /dev rw,nosuid - devtmpfs udev rw',
    '23 22 0:6 / /dev/vfio/devices rw,nosuid,nodev - tmpfs x rw',
    '24 21 0:7 / /srv/a\\040b rw,nodev - tmpfs x rw',
  ].join('\n');
  t.is(nodevMountOf(mounts, '/dev/vfio/devices/vfio0'), '/dev/vfio/devices');
  t.is(nodevMountOf(mounts, '/dev/vfio/14'), undefined);
  t.is(nodevMountOf(mounts, '/srv/a b/dev/iommu'), '/srv/a b');
  t.is(
    nodevMountOf(`${mounts}\n25 23 0:8 / /dev/vfio/devices rw - tmpfs x rw`, '/dev/vfio/devices/x'),
    undefined,
  );
  t.is(nodevMountOf('', '/dev/vfio/14'), undefined);
});
