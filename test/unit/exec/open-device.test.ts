import test from 'ava';
import {
  type Opener,
  openContainer,
  openDevice,
  openGroup,
  openIommu,
} from '../../../src/exec/open-device.ts';
import type { NodeCalls } from '../../../src/system/calls.ts';
import type { Files } from '../../../src/system/files.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeCalls, fakeNodeCalls } from '../../support/fake-calls.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const node = '/dev/vfio/devices/vfio0';
const sample = { name: '0000:01:00.0', sysname: 'vfio0' } as const;

const failingOpener = (error: Error): NodeCalls => ({
  hold: () => 9,
  open: () => Promise.reject(error),
  close: () => {},
  status: (step) => ({ kind: 'char', devnum: step === 'fstat node' ? '247:0' : '10:125' }),
});

const opener = (root: FakeRoot, nodes: NodeCalls, files: Files = fakeFiles): Opener => ({
  files,
  root: root.dir,
  nodes,
  timeout: 5,
});

test('openDevice opens the node of the device', async (t) => {
  const root = fakeRoot(t);
  const device = root.add(sample);
  const calls = fakeCalls({ [root.at(node)]: { devnum: '247:0' } });
  await openDevice(opener(root, fakeNodeCalls(calls)), device);
  t.deepEqual(calls.log, ['open node']);
  t.is(calls.openCount(), 1);
});

test('openDevice opens the target of the link in /dev/char if the node is missing, not the link', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ ...sample, noNode: true });
  root.node('/dev/elsewhere', '247:0');
  root.linkTo('/dev/char/247:0', '/dev/elsewhere');
  const files = {
    ...fakeFiles,
    stat: (path: string) => fakeFiles.stat(path.replace('/dev/char/247:0', '/dev/elsewhere')),
  };
  const calls = fakeCalls({ [root.at('/dev/elsewhere')]: { devnum: '247:0' } });
  await openDevice(opener(root, fakeNodeCalls(calls), files), device);
  t.is(calls.openCount(), 1);
});

for (const [what, fake] of Object.entries({
  'of another device': { devnum: '247:9' },
  'not a character device': { kind: 'file' },
} as const))
  test(`openDevice does not open a node that is ${what}, and reports node-mismatch`, async (t) => {
    const root = fakeRoot(t);
    const device = root.add(sample);
    const calls = fakeCalls({ [root.at(node)]: fake });
    await t.throwsAsync(openDevice(opener(root, fakeNodeCalls(calls)), device), { code: 'node-mismatch' });
    t.deepEqual(calls.log, []);
    t.is(calls.openCount(), 0);
  });

test('openDevice closes the descriptor if the kernel reuses the vfioN for another device during the open', async (t) => {
  const root = fakeRoot(t);
  const device = root.add(sample);
  const calls = fakeCalls({ [root.at(node)]: { devnum: '247:0' } });
  const nodes: NodeCalls = {
    ...calls,
    open: async (step, held) => {
      root.unbind(device);
      root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
      return calls.open(step, held);
    },
  };
  await t.throwsAsync(openDevice(opener(root, nodes), device), {
    code: 'device-changed',
    message: /0000:02:00\.0 has its number vfio0 now/,
  });
  t.is(calls.openCount(), 0);
});

for (const [errno, code, status, pattern] of [
  ['EACCES', 'not-permitted', 4, /is refused to root|is mounted with nodev|you are uid/],
  ['EPERM', 'not-permitted', 4, /the device cgroup/],
  ['EBUSY', 'busy', 1, /EBUSY/],
  ['ENODEV', 'ENODEV', 1, /stale node/],
  ['ENXIO', 'ENXIO', 1, /stale node/],
  ['ELOOP', 'node-mismatch', 1, /is a link/],
  ['ENOPROC', 'unsupported', 5, /there is no \/proc here/],
  ['ETIMEDOUT', 'timeout', 1, /did not answer within 5 s at open node/],
  ['EIO', 'EIO', 1, /EIO/],
] as const)
  test(`openDevice reports a failed open with ${errno} in one line with status ${status}, as probe does`, async (t) => {
    const root = fakeRoot(t);
    const device = root.add(sample);
    const error = (await t.throwsAsync(openDevice(opener(root, failingOpener(errnoError(errno))), device), {
      code,
    })) as Error & { status?: number };
    t.regex(errorLine(error), /^[^\n]*could not open 0000:01:00\.0: [^\n]*$/);
    t.regex(error.message, pattern);
    t.is(error.status, status);
  });

test('openDevice does not advise root to run it as root', async (t) => {
  const root = fakeRoot(t);
  const device = root.add(sample);
  for (const errno of ['EACCES', 'EPERM']) {
    const files = { ...fakeFiles, stat: (path: string) => ({ ...fakeFiles.stat(path), uid: 0 }) };
    const error = await t.throwsAsync(
      openDevice(opener(root, failingOpener(errnoError(errno)), files), device),
    );
    t.notRegex(errorLine(error), /as root/);
  }
});

test('openDevice reports a removed device if it is unbound while its open fails', async (t) => {
  const root = fakeRoot(t);
  const device = root.add(sample);
  const nodes = {
    ...failingOpener(errnoError('ENODEV')),
    hold: () => {
      root.unbind(device);
      return 9;
    },
  };
  await t.throwsAsync(openDevice(opener(root, nodes), device), { code: 'device-changed' });
});

test('openDevice rejects a device without a node; openDevice and openIommu rethrow errors without an errno', async (t) => {
  const root = withIommu(fakeRoot(t));
  const bare = root.add({ name: '0000:02:00.0', sysname: 'vfio1', devnum: false });
  await t.throwsAsync(openDevice(opener(root, fakeNodeCalls(fakeCalls({}))), bare), { code: 'no-cdev' });
  const device = root.add(sample);
  const broken = opener(root, failingOpener(new TypeError('bug')));
  await t.throwsAsync(openDevice(broken, device), { instanceOf: TypeError });
  await t.throwsAsync(openIommu(broken, device), { instanceOf: TypeError });
});

function withIommu(root: FakeRoot, devnum = '10:125'): FakeRoot {
  root.write('/sys/class/misc/iommu/dev', `${devnum}\n`);
  return root;
}

test('openIommu opens /dev/iommu after it was compared with the device number in sysfs', async (t) => {
  const root = withIommu(fakeRoot(t));
  const device = root.add(sample);
  const right = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '10:125' } });
  await openIommu(opener(root, fakeNodeCalls(right)), device);
  t.is(right.openCount(), 1);
  const wrong = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '1:3' } });
  await t.throwsAsync(openIommu(opener(root, fakeNodeCalls(wrong)), device), {
    code: 'node-mismatch',
    message: /found the device 1:3/,
  });
  t.deepEqual(wrong.log, []);
  t.is(wrong.openCount(), 0);
});

test('openIommu reports no-iommufd and opens nothing if sysfs has no number', async (t) => {
  const root = withIommu(fakeRoot(t));
  const device = root.add(sample);
  const calls = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '10:125' } });
  const files = hookedFiles(({ path }) => {
    if (path.includes('misc')) throw errnoError('EACCES');
  });
  await t.throwsAsync(openIommu(opener(root, fakeNodeCalls(calls), files), device), { code: 'no-iommufd' });
  t.deepEqual(calls.log, []);
});

for (const [errno, code] of [
  ['ENOENT', 'unsupported'],
  ['ENODEV', 'unsupported'],
  ['EACCES', 'not-permitted'],
  ['EIO', 'EIO'],
] as const)
  test(`openIommu reports ${code} if the open fails with ${errno}`, async (t) => {
    const root = withIommu(fakeRoot(t));
    const device = root.add(sample);
    await t.throwsAsync(openIommu(opener(root, failingOpener(errnoError(errno))), device), { code });
  });

/** Two devices of group 14. */
function inGroup(root: FakeRoot) {
  const bound = { devnum: false, driver: 'vfio-pci', group: '14' } as const;
  const devices = [
    root.add({ ...bound, name: '0000:01:00.0', sysname: 'vfio0' }),
    root.add({ ...bound, name: '0000:01:00.1', sysname: 'vfio1' }),
  ] as const;
  root.addGroup('14');
  return devices;
}

test('openGroup opens the node of the group once, on a kernel before 6.1, too', async (t) => {
  const root = fakeRoot(t);
  const [first, second] = inGroup(root);
  const calls = fakeCalls({ [root.at('/dev/vfio/14')]: { devnum: '243:14' } });
  await openGroup(opener(root, fakeNodeCalls(calls)), [first, second]);
  t.deepEqual(calls.log, ['open group']);
  t.is(calls.openCount(), 1);
  root.withoutVfioClass();
  await openGroup(opener(root, fakeNodeCalls(calls)), [{ ...first, sysname: '' }]);
  t.is(calls.openCount(), 2);
});

test('openGroup does not open a node of another number, and closes one that a device has left during the open', async (t) => {
  const root = fakeRoot(t);
  const [first, second] = inGroup(root);
  const wrong = fakeCalls({ [root.at('/dev/vfio/14')]: { devnum: '243:15' } });
  await t.throwsAsync(openGroup(opener(root, fakeNodeCalls(wrong)), [first]), { code: 'node-mismatch' });
  t.deepEqual(wrong.log, []);
  const calls = fakeCalls({ [root.at('/dev/vfio/14')]: { devnum: '243:14' } });
  const nodes: NodeCalls = {
    ...calls,
    open: async (step, held) => {
      root.unbind(second);
      root.add({ name: '0000:01:00.1', driver: 'nvme', group: '14' });
      return calls.open(step, held);
    },
  };
  await t.throwsAsync(openGroup(opener(root, nodes), [first, second]), {
    code: 'device-changed',
    message: /expected 0000:01:00\.1 to stay bound while it was resolved, but it is bound to nvme now/,
  });
  t.is(calls.openCount(), 0);
});

for (const [errno, code, status, pattern] of [
  ['EBUSY', 'busy', 1, /could not open 0000:01:00\.0: group 14 is in use/],
  ['EPERM', 'not-permitted', 4, /the device cgroup/],
  ['ENODEV', 'unsupported', 5, /nothing answers behind \/dev\/vfio\/14/],
  ['ETIMEDOUT', 'timeout', 1, /did not answer within 5 s at open group/],
] as const)
  test(`openGroup reports a failed open with ${errno} with status ${status}, as probe does`, async (t) => {
    const root = fakeRoot(t);
    const [first] = inGroup(root);
    const nodes: NodeCalls = {
      ...failingOpener(errnoError(errno)),
      status: () => ({ kind: 'char', devnum: '243:14' }),
    };
    const error = (await t.throwsAsync(openGroup(opener(root, nodes), [first]), { code })) as Error & {
      status?: number;
    };
    t.regex(error.message, pattern);
    t.is(error.status, status);
    root.withoutVfioClass();
    await t.throwsAsync(openGroup(opener(root, nodes), [{ ...first, sysname: '' }]), { code });
  });

test('openContainer compares /dev/vfio/vfio with sysfs, or with its fixed number while the module is not loaded', async (t) => {
  const root = fakeRoot(t);
  const [first] = inGroup(root);
  const calls = fakeCalls({ [root.at('/dev/vfio/vfio')]: { devnum: '10:196' } });
  await openContainer(opener(root, fakeNodeCalls(calls)), first);
  t.deepEqual(calls.log, ['open container']);
  root.write('/sys/class/misc/vfio/dev', '10:99\n');
  await t.throwsAsync(openContainer(opener(root, fakeNodeCalls(calls)), first), { code: 'node-mismatch' });
  const none = fakeNodeCalls(fakeCalls({}));
  await t.throwsAsync(openContainer(opener(root, none), first), {
    code: 'unsupported',
    message: /could not open \/dev\/vfio\/vfio: there is no \/dev\/vfio\/vfio/,
  });
});
