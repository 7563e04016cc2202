import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { VfioNamesError } from '../../../../src/errors.ts';
import { CallError } from '../../../../src/system/calls.ts';
import { errnoName, importKoffi, loadCalls } from '../../../../src/system/node/libc.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

const getInfo = { name: 'VFIO_DEVICE_GET_INFO', number: 0x3b6b };

test('ioctl fails with ENOTTY on a device that is not a VFIO device', async (t) => {
  const calls = await loadCalls();
  const fd = calls.open('open node', calls.hold('open node', '/dev/null'));
  t.deepEqual(calls.status('fstat node', fd), {
    ...calls.status('fstat node', fd),
    kind: 'char',
    devnum: '1:3',
  });
  const error = t.throws(() => calls.ioctl(fd, getInfo, Buffer.alloc(24)), { instanceOf: CallError });
  t.deepEqual([error.call, error.code], ['VFIO_DEVICE_GET_INFO', 'ENOTTY']);
  calls.close(fd);
  t.throws(() => fs.fstatSync(fd), { code: 'EBADF' });
  t.notThrows(() => calls.close(fd));
});

test('ioctl writes into the bytes of its argument, and accepts a number as argument', async (t) => {
  const root = fakeRoot(t);
  // Of a regular file, on every file system (do_vfs_ioctl): a container may have no terminal, and /dev/ptmx is often a link.
  root.write('/file', 'five\n');
  const calls = await loadCalls();
  const fd = calls.open('open file', calls.hold('open file', root.at('/file')));
  const unread = new Int32Array(1);
  // FIONREAD of asm-generic/ioctls.h, then FIOCLEX.
  t.is(calls.ioctl(fd, { name: 'FIONREAD', number: 0x541b }, new Uint8Array(unread.buffer)), 0);
  t.is(unread[0], 5);
  t.is(calls.ioctl(fd, { name: 'FIOCLEX', number: 0x5451 }, 0), 0);
  calls.close(fd);
});

test('open fails with ELOOP for a link and with ENOENT for a missing node', async (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/null-link', '/dev/null');
  const calls = await loadCalls();
  const link = calls.hold('open node', join(root.dir, 'dev/null-link'));
  t.throws(() => calls.open('open node', link), { message: 'open node: ELOOP' });
  t.throws(() => calls.hold('open node', join(root.dir, 'dev/none')), { message: 'open node: ENOENT' });
});

test('read returns an attribute and names the step if the attribute is missing', async (t) => {
  const root = fakeRoot(t);
  root.write('/sys/dev', '247:0\n');
  const calls = await loadCalls();
  t.is(calls.read('read dev', root.at('/sys/dev')), '247:0\n');
  t.throws(() => calls.read('read dev', root.at('/sys/none')), { message: 'read dev: ENOENT' });
});

test('address returns the address of the bytes in memory', async (t) => {
  const calls = await loadCalls();
  const bytes = Buffer.alloc(64);
  t.is(calls.address(bytes.subarray(16)), calls.address(bytes) + 16n);
});

test('loadCalls fails with no-koffi and a hint if koffi is not installed', async (t) => {
  const error = await t.throwsAsync<VfioNamesError>(
    loadCalls(() => Promise.reject(new Error('Cannot find module'))),
    { code: 'no-koffi' },
  );
  t.is(error?.status, 5);
  t.is(error?.hint, 'install vfio-names again, with its optional packages, on this machine');
});

test('importKoffi imports koffi', async (t) => {
  t.is(typeof (await importKoffi()).load, 'function');
});

test('errnoName returns the names of the manual pages', (t) => {
  t.deepEqual([1, 2, 11, 13, 16, 19, 22, 25, 77, 95].map(errnoName), [
    'EPERM',
    'ENOENT',
    'EAGAIN',
    'EACCES',
    'EBUSY',
    'ENODEV',
    'EINVAL',
    'ENOTTY',
    'EBADFD',
    'EOPNOTSUPP',
  ]);
});

test('errnoName returns E and the number for a number without a name', (t) => {
  t.is(errnoName(4000), 'E4000');
});
