import * as fs from 'node:fs';
import test from 'ava';
import { openDevice, openIommu } from '../../../src/exec/open-device.ts';
import type { NodeCalls } from '../../../src/system/calls.ts';
import { nodeCalls } from '../../../src/system/node/files.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeCalls } from '../../support/fake-calls.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const node = '/dev/vfio/devices/vfio0';
const sample = { name: '0000:01:00.0', sysname: 'vfio0' } as const;

const failingOpener = (error: Error): NodeCalls => ({
  open: () => {
    throw error;
  },
  close: () => {},
  status: () => ({ kind: 'char' }),
});

test('openDevice opens the node of the device', (t) => {
  const root = fakeRoot(t);
  const device = root.add(sample);
  const calls = fakeCalls({ [root.at(node)]: { devnum: '247:0' } });
  openDevice(fakeFiles, root.dir, calls, device);
  t.deepEqual(calls.log, ['open node']);
  t.is(calls.openCount(), 1);
});

test('openDevice opens the target of the link in /dev/char if the node is missing, not the link', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ ...sample, noNode: true });
  root.node('/dev/elsewhere', '247:0');
  root.linkTo('/dev/char/247:0', '/dev/elsewhere');
  const files = {
    ...fakeFiles,
    stat: (path: string) => fakeFiles.stat(path.replace('/dev/char/247:0', '/dev/elsewhere')),
  };
  const calls = fakeCalls({ [root.at('/dev/elsewhere')]: { devnum: '247:0' } });
  openDevice(files, root.dir, calls, device);
  t.is(calls.openCount(), 1);
});

for (const [what, fake] of Object.entries({
  'of another device': { devnum: '247:9' },
  'not a character device': { kind: 'file' },
} as const))
  test(`openDevice closes a descriptor that is ${what} and reports node-mismatch`, (t) => {
    const root = fakeRoot(t);
    const device = root.add(sample);
    const calls = fakeCalls({ [root.at(node)]: fake });
    t.throws(() => openDevice(fakeFiles, root.dir, calls, device), { code: 'node-mismatch' });
    t.is(calls.openCount(), 0);
  });

test('openDevice closes the descriptor if the kernel reuses the vfioN for another device during the open', (t) => {
  const root = fakeRoot(t);
  const device = root.add(sample);
  const calls = fakeCalls({ [root.at(node)]: { devnum: '247:0' } });
  const opener: NodeCalls = {
    ...calls,
    open: (step, path) => {
      root.unbind(device);
      root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
      return calls.open(step, path);
    },
  };
  t.throws(() => openDevice(fakeFiles, root.dir, opener, device), {
    code: 'device-changed',
    message: /0000:02:00\.0 has its number vfio0 now/,
  });
  t.is(calls.openCount(), 0);
});

for (const [errno, code, exitCode] of [
  ['EACCES', 'not-permitted', 4],
  ['EPERM', 'not-permitted', 4],
  ['EBUSY', 'busy', 1],
  ['ENODEV', 'device-changed', 3],
  ['ENXIO', 'device-changed', 3],
  ['ELOOP', 'node-mismatch', 1],
  ['EIO', 'EIO', 1],
] as const)
  test(`openDevice reports a failed open with ${errno} in one line with status ${exitCode}`, (t) => {
    const root = fakeRoot(t);
    const device = root.add(sample);
    const error = t.throws(() => openDevice(fakeFiles, root.dir, failingOpener(errnoError(errno)), device), {
      code,
    }) as Error & { exitCode?: number };
    t.regex(errorLine(error), new RegExp(`^[^\\n]*${errno}[^\\n]*$`));
    t.is(error.exitCode, exitCode);
  });

test('openDevice rejects a device without a node; openDevice and openIommu rethrow errors without an errno', (t) => {
  const root = fakeRoot(t);
  const bare = root.add({ name: '0000:02:00.0', sysname: 'vfio1', devnum: false });
  t.throws(() => openDevice(fakeFiles, root.dir, fakeCalls({}), bare), { code: 'no-cdev' });
  const device = root.add(sample);
  t.throws(() => openDevice(fakeFiles, root.dir, failingOpener(new TypeError('bug')), device), {
    instanceOf: TypeError,
  });
  t.throws(() => openIommu(fakeFiles, root.dir, failingOpener(new TypeError('bug'))), {
    instanceOf: TypeError,
  });
});

function withIommu(root: FakeRoot, devnum = '10:125'): FakeRoot {
  root.write('/sys/class/misc/iommu/dev', `${devnum}\n`);
  return root;
}

test('openIommu opens /dev/iommu and compares it with the device number in sysfs', (t) => {
  const root = withIommu(fakeRoot(t));
  const right = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '10:125' } });
  openIommu(fakeFiles, root.dir, right);
  t.is(right.openCount(), 1);
  const wrong = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '1:3' } });
  t.throws(() => openIommu(fakeFiles, root.dir, wrong), {
    code: 'node-mismatch',
    message: /found the device 1:3/,
  });
  t.is(wrong.openCount(), 0);
});

test('openIommu reads sysfs after the open, since the open may load iommufd', (t) => {
  const root = fakeRoot(t);
  const calls = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '10:125' } });
  const opener: NodeCalls = {
    ...calls,
    open: (step, path) => {
      withIommu(root);
      return calls.open(step, path);
    },
  };
  t.notThrows(() => openIommu(fakeFiles, root.dir, opener));
});

test('openIommu reports no-iommufd if the device number in sysfs is not readable', (t) => {
  const root = fakeRoot(t);
  const calls = fakeCalls({ [root.at('/dev/iommu')]: { devnum: '10:125' } });
  const files = hookedFiles(({ path }) => {
    if (path.includes('misc')) throw errnoError('EACCES');
  });
  t.throws(() => openIommu(files, root.dir, calls), { code: 'no-iommufd' });
  t.is(calls.openCount(), 0);
});

for (const [errno, code] of [
  ['ENOENT', 'no-iommufd'],
  ['ENODEV', 'no-iommufd'],
  ['EACCES', 'not-permitted'],
  ['EIO', 'EIO'],
] as const)
  test(`openIommu reports ${code} if the open fails with ${errno}`, (t) => {
    t.throws(() => openIommu(fakeFiles, fakeRoot(t).dir, failingOpener(errnoError(errno))), { code });
  });

test('openDevice does not follow links, and returns the status of the opened node', (t) => {
  const fd = nodeCalls.open('open', '/dev/null');
  t.like(nodeCalls.status('fstat', fd), { kind: 'char', devnum: '1:3' });
  nodeCalls.close(fd);
  t.throws(() => fs.fstatSync(fd), { code: 'EBADF' });
  const root = fakeRoot(t);
  root.linkWithTarget('/null', '/dev/null');
  t.throws(() => nodeCalls.open('open', root.at('/null')), { code: 'ELOOP' });
});
