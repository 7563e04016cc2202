import test from 'ava';
import { hostUses, readHostState } from '../../../src/bind/host-use.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

const pci = '/sys/devices/pci0000:00/0000:00:05.0';

/** Adds a block device; `below` are those that it lies on. */
function block(root: FakeRoot, directory: string, name: string, devnum: string, ...below: string[]): void {
  const syspath = `${directory}/${name}`;
  root.write(`${syspath}/dev`, `${devnum}\n`);
  root.linkTo(`/sys/class/block/${name}`, syspath);
  for (const lower of below) root.linkTo(`${lower}/holders/${name}`, syspath);
}

const uses = (root: FakeRoot, syspath = pci): string[] =>
  hostUses(fakeFiles, root.dir, readHostState(fakeFiles, root.dir), syspath).map(({ text }) => text);

const mount = (devnum: string, point: string, source: string): string =>
  `30 1 ${devnum} / ${point} rw,relatime shared:1 - ext4 ${source} rw\n`;

test('hostUses finds mounted partitions and swap space of a disk', (t) => {
  const root = fakeRoot(t);
  const disk = `${pci}/nvme/nvme0/nvme0n1`;
  block(root, `${pci}/nvme/nvme0`, 'nvme0n1', '259:0');
  block(root, disk, 'nvme0n1p1', '259:1');
  block(root, disk, 'nvme0n1p2', '259:2');
  t.deepEqual(uses(root), []);
  root.write(
    '/proc/1/mountinfo',
    mount('259:1', '/mnt/a\\040b', '/dev/nvme0n1p1') + mount('0:5', '/dev', 'dev'),
  );
  root.write(
    '/proc/swaps',
    'Filename Type Size Used Priority\n/dev/nvme0n1p2 partition 1 0 -2\n/swapfile file 1 0 -3\n',
  );
  t.deepEqual(uses(root), ['/mnt/a b is mounted from nvme0n1p1', 'nvme0n1p2 is swap space']);
  t.deepEqual(uses(root, '/sys/devices/pci0000:00/0000:00:05'), []);
});

test('hostUses follows holders through md and dm, and names what is not mounted', (t) => {
  const root = fakeRoot(t);
  const virtual = '/sys/devices/virtual/block';
  block(root, `${pci}/ata1/host0/block`, 'sda', '8:0');
  block(root, `${pci}/ata1/host0/block/sda`, 'sda1', '8:1');
  block(root, virtual, 'md0', '9:0', `${pci}/ata1/host0/block/sda/sda1`);
  block(root, `${virtual}/md0`, 'md0p1', '259:9');
  block(root, virtual, 'dm-0', '253:0', `${virtual}/md0/md0p1`);
  t.deepEqual(uses(root), ['dm-0 lies on it', 'md0 lies on it', 'md0p1 lies on it']);
  root.linkWithTarget('/dev/mapper/vg-root', '../dm-0');
  root.write('/proc/1/mountinfo', mount('0:40', '/', '/dev/mapper/vg-root'));
  t.deepEqual(uses(root), ['/ is mounted from dm-0']);
});

test('hostUses finds the disk of an NVMe subsystem with several controllers', (t) => {
  const root = fakeRoot(t);
  const subsystem = '/sys/devices/virtual/nvme-subsystem/nvme-subsys0';
  block(root, subsystem, 'nvme0n1', '259:0');
  root.write(`${pci}/nvme/nvme0/model`, 'x\n');
  root.linkTo(`${subsystem}/nvme0`, `${pci}/nvme/nvme0`);
  root.write('/proc/1/mountinfo', mount('259:0', '/data', '/dev/nvme0n1'));
  t.deepEqual(uses(root), ['/data is mounted from nvme0n1']);
  t.deepEqual(uses(root, '/sys/devices/pci0000:00/0000:00:06.0'), []);
});

test('hostUses finds every disk of a btrfs file system', (t) => {
  const root = fakeRoot(t);
  const other = '/sys/devices/pci0000:00/0000:00:06.0';
  block(root, `${pci}/virtio0/block`, 'vda', '254:0');
  block(root, `${other}/virtio1/block`, 'vdb', '254:16');
  for (const name of ['vda', 'vdb']) root.write(`/sys/fs/btrfs/4f1e/devices/${name}`, '');
  root.write('/proc/1/mountinfo', mount('0:32', '/', '/dev/vda'));
  t.deepEqual(uses(root), ['/ is mounted from vda']);
  t.deepEqual(uses(root, other), ['/ is mounted from vdb']);
});

test('hostUses finds the disks of a mounted btrfs that the table of mounts calls /dev/root', (t) => {
  const root = fakeRoot(t);
  block(root, `${pci}/virtio0/block`, 'vda', '254:0');
  root.write('/sys/fs/btrfs/features/raid56', '0\n');
  root.write('/proc/1/mountinfo', mount('0:32', '/', '/dev/root'));
  t.deepEqual(uses(root), []);
  root.write('/sys/fs/btrfs/4f1e/devices/vda', '');
  t.deepEqual(uses(root), ['a btrfs file system is mounted from vda']);
});

test('hostUses finds every disk of a bcachefs, and the disks of an XFS with its log and its real-time part', (t) => {
  const root = fakeRoot(t);
  const slots = ['05', '06', '07', '08'].map((slot) => `/sys/devices/pci0000:00/0000:00:${slot}.0`);
  slots.forEach((slot, index) => {
    block(root, `${slot}/virtio${index}/block`, `vd${'abcd'[index]}`, `254:${16 * index}`);
  });
  root.write(
    '/proc/1/mountinfo',
    '30 1 0:50 / /cache rw shared:1 - bcachefs /dev/vda:/dev/vdb rw\n31 1 0:51 / /x rw - nfs host:/dev/vda rw\n',
  );
  t.deepEqual(
    slots.map((slot) => uses(root, slot)),
    [['/cache is mounted from vda'], ['/cache is mounted from vdb'], [], []],
  );
  root.write(
    '/proc/1/mountinfo',
    '30 1 254:0 / /data rw - xfs /dev/vda rw,logbufs=8,logdev=/dev/vdc,rtdev=/dev/vdd,noquota\n',
  );
  t.deepEqual(
    slots.map((slot) => uses(root, slot)),
    [['/data is mounted from vda'], [], ['/data is mounted from vdc'], ['/data is mounted from vdd']],
  );
});

test('hostUses finds a loop device and compressed memory on a disk', (t) => {
  const root = fakeRoot(t);
  block(root, `${pci}/virtio0/block`, 'vda', '254:0');
  block(root, `${pci}/virtio0/block/vda`, 'vda1', '254:1');
  for (const [name, file] of [
    ['loop0', 'loop/backing_file'],
    ['zram0', 'backing_dev'],
  ] as const) {
    block(root, '/sys/devices/virtual/block', name, name === 'loop0' ? '7:0' : '252:0');
    root.write(`/sys/devices/virtual/block/${name}/${file}`, '/dev/disk/by-label/x\n');
  }
  root.linkWithTarget('/dev/disk/by-label/x', '../../vda1');
  t.deepEqual(uses(root), ['loop0 lies on it', 'zram0 lies on it']);
  root.write('/proc/swaps', 'Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n');
  root.write('/proc/1/mountinfo', mount('7:0', '/iso', '/dev/loop0'));
  t.deepEqual(uses(root), ['/iso is mounted from loop0', 'zram0 is swap space']);
});

test('hostUses finds the disks of ZFS pools while ZFS is loaded', (t) => {
  const root = fakeRoot(t);
  block(root, `${pci}/virtio0/block`, 'vda', '254:0');
  block(root, `${pci}/virtio0/block/vda`, 'vda1', '254:1');
  root.write('/run/udev/data/b254:1', 'E:ID_FS_LABEL=tank\nE:ID_FS_TYPE=zfs_member\n');
  t.deepEqual(uses(root), []);
  root.write('/proc/spl/kstat/zfs/tank/state', 'ONLINE\n');
  t.deepEqual(uses(root), ['vda1 is a part of a ZFS pool']);
});

test('hostUses finds an interface that is up and the graphics card of the console', (t) => {
  const root = fakeRoot(t);
  root.write(`${pci}/net/eth0/flags`, '0x1003\n');
  root.write(`${pci}/net/eth1/flags`, '0x1002\n');
  for (const name of ['eth0', 'eth1']) root.linkTo(`/sys/class/net/${name}`, `${pci}/net/${name}`);
  root.write(`${pci}/boot_vga`, '0\n');
  t.deepEqual(uses(root), ['its network interface eth0 is up']);
  root.write(`${pci}/boot_vga`, '1\n');
  t.deepEqual(uses(root), ['its network interface eth0 is up', 'it is the graphics card of the console']);
});
