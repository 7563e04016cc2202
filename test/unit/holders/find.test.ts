import test from 'ava';
import fc from 'fast-check';
import {
  findHolders,
  isNotVfio,
  matchTarget,
  mayBeVfio,
  parseFdinfo,
  splitDeleted,
} from '../../../src/holders/find.ts';
import { errnoError, type FakeSystem, fakeProc, hostLinks } from '../../support/fake-proc.ts';

const syspath = '/sys/devices/pci0000:00/0000:00:04.0';
const target = { devnum: '247:0', groupDevnum: '243:5', syspath };
const named = `pos:\t0\nflags:\t02000002\nvfio-device-syspath: ${syspath}\n`;

const find = (system: FakeSystem, targets: Parameters<typeof findHolders>[2] = [target]) =>
  findHolders(fakeProc({ links: hostLinks, ...system }), system.root ?? '', targets);

test('findHolders finds a process by the device number of the open node', (t) => {
  const { holders, incomplete } = find({
    processes: {
      1: { comm: 'init', fds: { 0: { link: '/dev/null', devnum: '1:3' } } },
      812: {
        comm: 'qemu-system-x86',
        uid: 64055,
        cgroup: '0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n',
        fds: {
          7: { link: 'socket:[91]' },
          31: { link: '/dev/vfio/devices/vfio0', devnum: '247:0', fdinfo: named },
        },
      },
    },
    texts: {
      '/etc/passwd':
        'root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:994::/:/bin/false\nother:x:64055:1::/:\n',
    },
  });
  t.deepEqual(holders, [
    {
      pid: 812,
      fd: 31,
      interface: 'cdev',
      opened: '/dev/vfio/devices/vfio0',
      deleted: false,
      devnum: '247:0',
      syspath,
      command: 'qemu-system-x86',
      uid: 64055,
      user: 'libvirt-qemu',
      unit: 'machine-qemu\\x2d1\\x2dvm.scope',
      target,
    },
  ]);
  t.deepEqual(incomplete, []);
});

test('findHolders finds a node at any path, such as in a container', (t) => {
  const { holders } = find({ processes: { 9: { fds: { 3: { link: '/', devnum: '247:0' } } } } });
  t.is(holders[0]?.interface, 'cdev');
  t.is(holders[0]?.opened, '/');
});

test('findHolders ignores the same path with another number and a block device with the same number', (t) => {
  const { holders } = find({
    processes: {
      9: {
        fds: {
          3: { link: '/dev/vfio/devices/vfio0', devnum: '247:1' },
          4: { link: '/dev/sda', devnum: '247:0', block: true },
          5: { link: '/dev/vfio/devices/vfio0' },
        },
      },
    },
  });
  t.deepEqual(holders, []);
});

test('findHolders finds group nodes and device descriptors of a group', (t) => {
  const { holders, incomplete } = find({
    processes: {
      20: {
        fds: {
          4: { link: '/dev/vfio/5', devnum: '243:5' },
          6: { link: 'anon_inode:[vfio-device]', fdinfo: named },
        },
      },
    },
  });
  t.deepEqual(
    holders.map((holder) => [holder.fd, holder.interface, holder.syspath]),
    [
      [4, 'group', undefined],
      [6, 'device-fd', syspath],
    ],
  );
  t.deepEqual(incomplete, []);
});

test('findHolders finds the container of a process that has the group open, and no other container', (t) => {
  const ofGroup = { ...target, containerDevnum: '10:196' };
  const container = { link: '/dev/vfio/vfio', devnum: '10:196' };
  const { holders } = find(
    {
      processes: {
        20: { fds: { 3: container, 4: { link: '/dev/vfio/5', devnum: '243:5' } } },
        21: { fds: { 3: container } },
        22: { fds: { 3: container, 4: { link: '/dev/vfio/devices/vfio0', devnum: '247:0' } } },
      },
    },
    [ofGroup],
  );
  t.deepEqual(
    holders.map((holder) => [holder.pid, holder.fd, holder.interface]),
    [
      [20, 3, 'container'],
      [20, 4, 'group'],
      [22, 4, 'cdev'],
    ],
  );
});

test('findHolders ignores a device descriptor of another device', (t) => {
  const { holders, incomplete } = find({
    processes: { 20: { fds: { 6: { link: 'anon_inode:[vfio-device]', fdinfo: `${named.trimEnd()}x\n` } } } },
  });
  t.deepEqual(holders, []);
  t.deepEqual(incomplete, []);
});

test('findHolders reports processes with device descriptors on a kernel that does not show their device', (t) => {
  const { holders, incomplete } = find({
    processes: {
      30: { fds: { 6: { link: 'anon_inode:[vfio-device]' }, 7: { link: 'anon_inode:[vfio-device]' } } },
      21: { fds: { 6: { link: 'anon_inode:[vfio-device]' } } },
    },
  });
  t.deepEqual(holders, []);
  t.deepEqual(
    incomplete.map(({ limitation, pids }) => ({ limitation, pids })),
    [{ limitation: 'fdinfo-unsupported', pids: [21, 30] }],
  );
  t.regex(incomplete[0]?.message ?? '', /processes 21, 30, .*6\.18/);
});

test('findHolders reports an open node that was removed as deleted', (t) => {
  const { holders } = find({
    processes: { 9: { fds: { 3: { link: '/dev/vfio/devices/vfio0 (deleted)', devnum: '247:0' } } } },
  });
  t.is(holders[0]?.deleted, true);
  t.is(holders[0]?.opened, '/dev/vfio/devices/vfio0');
});

test('findHolders finds a device that is gone by device number, vfioN or name', (t) => {
  const processes = {
    9: { fds: { 3: { link: '/dev/vfio/devices/vfio0 (deleted)', devnum: '247:0', fdinfo: named } } },
    10: { fds: { 3: { link: '/dev/vfio/devices/vfio1', devnum: '247:1' } } },
  };
  for (const gone of [{ devnum: '247:0' }, { goneSysname: 'vfio0' }, { goneName: '0000:00:04.0' }])
    t.deepEqual(
      find({ processes }, [gone]).holders.map((holder) => [holder.pid, holder.interface]),
      [[9, 'cdev']],
      JSON.stringify(gone),
    );
  t.deepEqual(find({ processes }, [{ goneSysname: 'vfio1' }]).holders, [], 'an existing node is not gone');
});

test('findHolders returns a group descriptor once per device of the group, sorted by descriptor', (t) => {
  const second = { devnum: '247:1', groupDevnum: '243:5' };
  const { holders } = find(
    {
      processes: {
        20: { fds: { 4: { link: '/dev/vfio/5', devnum: '243:5' } } },
        3: { fds: { 11: { link: '/x', devnum: '247:1' }, 2: { link: '/x', devnum: '247:0' } } },
      },
    },
    [target, second],
  );
  t.deepEqual(
    holders.map((holder) => [holder.pid, holder.fd, holder.target === target ? 1 : 2]),
    [
      [3, 2, 1],
      [3, 11, 2],
      [20, 4, 1],
      [20, 4, 2],
    ],
  );
});

test('findHolders skips processes and descriptors that disappear during the scan', (t) => {
  const { holders, incomplete } = find({
    processes: {
      4: { list: 'ESRCH' },
      5: { list: 'ENOENT' },
      6: { fds: { 1: { link: '', readlink: 'ENOENT' }, 3: { link: '/x', devnum: '247:0' } } },
    },
  });
  t.deepEqual(
    holders.map((holder) => holder.pid),
    [6],
  );
  t.deepEqual(incomplete, []);
});

test('findHolders omits unknown properties of a holder', (t) => {
  const { holders } = find({ processes: { 6: { fds: { 3: { link: '/x', devnum: '247:0' } } } } });
  t.deepEqual(holders, [
    { pid: 6, fd: 3, interface: 'cdev', opened: '/x', deleted: false, devnum: '247:0', target },
  ]);
});

test('findHolders counts processes that it may not read and searches the others', (t) => {
  const { holders, incomplete } = find({
    processes: {
      1: { list: 'EACCES' },
      2: { fds: { 3: { link: '', readlink: 'EACCES' }, 4: { link: '', readlink: 'EACCES' } } },
      7: { fds: { 3: { link: '/x', devnum: '247:0' } } },
    },
  });
  t.deepEqual(
    holders.map((holder) => holder.pid),
    [7],
  );
  t.deepEqual(
    incomplete.map(({ limitation }) => limitation),
    ['not-root'],
  );
  t.regex(incomplete[0]?.message ?? '', /^2 of 3 processes .*as root/);
});

test('findHolders does not count a process that ends during the scan as denied', (t) => {
  const files = fakeProc({
    links: hostLinks,
    processes: { 1: {}, 2: { fds: { 3: { link: '', readlink: 'EACCES' } } } },
  });
  for (const end of [
    () => [],
    () => {
      throw errnoError('ENOENT');
    },
  ]) {
    let lists = 0;
    const readdir = (path: string) => (path === '/proc/2/fd' && lists++ > 0 ? end() : files.readdir(path));
    t.deepEqual(findHolders({ ...files, readdir }, '', [target]).incomplete, []);
  }
});

test('findHolders does not suggest root if root is denied', (t) => {
  const texts = { '/proc/self/status': 'Name:\tnode\nUid:\t0\t0\t0\t0\n' };
  const { incomplete } = find({ processes: { 1: {}, 2: { list: 'EACCES' } }, texts });
  t.deepEqual(
    incomplete.map(({ limitation }) => limitation),
    ['denied'],
  );
  t.notRegex(incomplete[0]?.message ?? '', /run it as root/);
});

test('findHolders reports a PID namespace that hides other processes', (t) => {
  const inside = { '/proc/self/ns/pid': 'pid:[4026532201]' };
  t.deepEqual(
    find({ processes: { 1: {} }, links: inside }).incomplete.map(({ limitation }) => limitation),
    ['pid-namespace'],
  );
  const ofTheHost = { ...inside, '/proc/1/ns/pid': 'pid:[4026531836]' };
  t.deepEqual(find({ processes: { 1: {} }, links: ofTheHost }).incomplete, []);
});

test('findHolders reports hidepid unless process 1 is visible', (t) => {
  const texts = {
    '/proc/self/mounts': 'sys /sys sysfs rw 0 0\nproc /proc proc rw,nosuid,hidepid=invisible 0 0\n',
  };
  t.deepEqual(
    find({ processes: { 77: {} }, texts }).incomplete.map(({ limitation }) => limitation),
    ['hidepid'],
  );
  t.deepEqual(find({ processes: { 1: {}, 77: {} }, texts }).incomplete, []);
  t.deepEqual(find({ processes: { 77: {} } }).incomplete, []);
});

test('findHolders reports a missing /proc with its path below the root', (t) => {
  const { holders, incomplete } = find({ root: '/mnt/image' });
  t.deepEqual(holders, []);
  t.deepEqual(
    incomplete.map(({ limitation }) => limitation),
    ['no-proc'],
  );
  t.regex(incomplete[0]?.message ?? '', /\/mnt\/image\/proc/);
});

test('findHolders needs one call for sockets, pipes, terminals and /dev/null, two for other anonymous descriptors', (t) => {
  const files = fakeProc({
    links: hostLinks,
    processes: {
      5: {
        fds: {
          1: { link: 'socket:[1]' },
          2: { link: 'pipe:[2]' },
          3: { link: '/dev/pts/0', devnum: '136:0' },
          4: { link: '/dev/null (deleted)', devnum: '1:3' },
          5: { link: 'anon_inode:[eventfd]' },
        },
      },
    },
  });
  findHolders(files, '', [target]);
  t.deepEqual(
    files.calls.filter((call) => /fd.*\/\d+$/.test(call)),
    [...[1, 2, 3, 4, 5].map((fd) => `stat /proc/5/fd/${fd}`), 'readlink /proc/5/fd/5'],
  );
});

test('findHolders rethrows an error that is not an errno', (t) => {
  const files = fakeProc({ processes: { 5: {} } });
  const broken = {
    ...files,
    readdir: (path: string) => {
      if (path.endsWith('/fd')) throw new TypeError('bug');
      return files.readdir(path);
    },
  };
  t.throws(() => findHolders(broken, '', [target]), { instanceOf: TypeError });
  t.throws(
    () =>
      findHolders(
        {
          ...files,
          readdir: () => {
            throw new TypeError('bug');
          },
        },
        '',
        [target],
      ),
    { instanceOf: TypeError },
  );
  t.is(errnoError('EIO').message, 'EIO');
});

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

test('isNotVfio rules out character devices only by the fixed majors of memory devices and terminals', (t) => {
  const status = { kind: 'char', mode: 0o600, uid: 0, gid: 0, inode: 1, modified: 0 } as const;
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

test('parseFdinfo reads the syspath only from its own line', (t) => {
  t.is(parseFdinfo('pos:\t0\nvfio-device-syspath: /sys/devices/a/b\n'), '/sys/devices/a/b');
  t.is(parseFdinfo('pos:\t0\nvfio-device-syspath: /sys/devices/a b'), '/sys/devices/a b');
  t.is(parseFdinfo('pos:\t0\nx-vfio-device-syspath: /sys/devices/a\n'), undefined);
  t.is(parseFdinfo('vfio-device-syspath: \n'), undefined);
  t.is(parseFdinfo(''), undefined);
});

test('matchTarget matches nothing for an empty target', (t) => {
  fc.assert(
    fc.property(
      fc.record({ opened: fc.string(), deleted: fc.boolean() }),
      fc.option(fc.string(), { nil: undefined }),
      (base, devnum) => {
        t.is(matchTarget({ ...base, ...(devnum !== undefined && { devnum }) }, {}), undefined);
      },
    ),
    { numRuns: 100 },
  );
});

test('matchTarget prefers the device number of the node', (t) => {
  const descriptor = { opened: '/x', deleted: false, devnum: '1:1', syspath: '/sys/devices/a' };
  t.is(matchTarget(descriptor, { devnum: '1:1', groupDevnum: '1:1', syspath: '/sys/devices/a' }), 'cdev');
  t.is(matchTarget(descriptor, { groupDevnum: '1:1' }), 'group');
  t.is(matchTarget(descriptor, { syspath: '/sys/devices/a' }), 'cdev');
  t.is(
    matchTarget({ opened: 'x', deleted: false, syspath: '/sys/devices/a' }, { goneName: 'a' }),
    'device-fd',
  );
  const gone = { opened: 'x', deleted: false, syspath: '/sys/devices/0001:0a:00.0' };
  for (const goneName of ['0A:00.0', '1:a:0.0', '0001:0A:00.0'])
    t.is(matchTarget(gone, { goneName }), 'device-fd', goneName);
  t.is(matchTarget(gone, { goneName: '0000:0a:00.0' }), undefined);
});
