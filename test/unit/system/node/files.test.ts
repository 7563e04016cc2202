import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import test from 'ava';
import { describeErrno, errnoOf } from '../../../../src/errors.ts';
import { nodeFiles } from '../../../../src/system/node/files.ts';
import { loadExchange } from '../../../../src/system/node/libc.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

function errno(fn: () => unknown): string | undefined {
  try {
    fn();
  } catch (error) {
    return errnoOf(error);
  }
  return 'none';
}

test('read returns the whole text for lengths below, at and above the buffer size', (t) => {
  const root = fakeRoot(t);
  for (const length of [0, 1, 4095, 4096, 4097, 8192, 70000]) {
    root.write('/etc/text', 'x'.repeat(length));
    t.is(nodeFiles.read(root.at('/etc/text')).length, length);
  }
});

test('read returns a file up to its limit, and fails with EFBIG beyond, without a part of the text', (t) => {
  const root = fakeRoot(t);
  for (const limit of [0, 1, 64, 4095, 4096, 4097, 5000, 1 << 17]) {
    root.write('/etc/text', 'x'.repeat(limit));
    t.is(nodeFiles.read(root.at('/etc/text'), limit).length, limit);
    root.write('/etc/text', 'x'.repeat(limit + 1));
    t.throws(() => nodeFiles.read(root.at('/etc/text'), limit), { code: 'EFBIG' });
  }
  root.write('/etc/text', 'x'.repeat((1 << 20) + 1));
  const error = t.throws(() => nodeFiles.read(root.at('/etc/text')));
  t.is(describeErrno(error), 'longer than 1048576 bytes (EFBIG)');
});

test('read returns the whole of a file of /proc, which gives less than it is asked for', (t) => {
  const maps = nodeFiles.read('/proc/self/maps');
  t.true(maps.length > 4096);
  t.true(maps.includes('[stack]'));
});

test('readBytes returns the first bytes of a file unchanged', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/bytes', new Uint8Array([0, 255, 128, 10]));
  t.deepEqual([...nodeFiles.readBytes(root.at('/etc/bytes'), 3)], [0, 255, 128]);
  t.deepEqual([...nodeFiles.readBytes(root.at('/etc/bytes'), 99)], [0, 255, 128, 10]);
});

test('stat reports /dev/null as the character device 1:3', (t) => {
  const status = nodeFiles.stat('/dev/null');
  t.is(status.kind, 'char');
  t.is(status.devnum, '1:3');
  t.deepEqual(nodeFiles.statNode('/dev/null'), nodeFiles.lstat('/dev/null'));
});

test('lstat distinguishes all kinds and returns a device number only for nodes', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/file', '');
  root.linkTo('/etc/link', '/etc/file');
  const server = createServer();
  await new Promise<void>((done) => server.listen(root.at('/etc/socket'), done));
  t.teardown(() => server.close());
  execFileSync('mkfifo', [root.at('/etc/fifo')]);
  const kinds = ['file', 'link', 'socket', 'fifo', '.'].map((name) =>
    nodeFiles.lstat(root.at(`/etc/${name}`)),
  );
  t.deepEqual(
    kinds.map((status) => status.kind),
    ['file', 'symlink', 'socket', 'fifo', 'directory'],
  );
  t.true(kinds.every((status) => !('devnum' in status)));
});

test('statNode opens the link itself, not its target', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/devices/vfio0', '/dev/null');
  t.is(nodeFiles.statNode(root.at('/dev/vfio/devices/vfio0')).kind, 'symlink');
  t.is(nodeFiles.stat(root.at('/dev/vfio/devices/vfio0')).kind, 'char');
});

test('openDir keeps the opened directory when its path is replaced', (t) => {
  const root = fakeRoot(t);
  root.write('/dev/vfio/pci/mine', '');
  const handle = nodeFiles.openDir(root.at('/dev/vfio/pci'));
  fs.renameSync(root.at('/dev/vfio/pci'), root.at('/dev/vfio/old'));
  root.linkWithTarget('/dev/vfio/pci', '/etc');
  t.deepEqual(nodeFiles.readdir(handle.path), ['mine']);
  handle.release();
  t.is(
    errno(() => nodeFiles.readdir(handle.path)),
    'ENOENT',
  );
});

test('openDir fails with ENOTDIR for a link or a file', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/pci', '/etc');
  root.write('/dev/vfio/amba', '');
  t.is(
    errno(() => nodeFiles.openDir(root.at('/dev/vfio/pci'))),
    'ENOTDIR',
  );
  t.is(
    errno(() => nodeFiles.openDir(root.at('/dev/vfio/amba'))),
    'ENOTDIR',
  );
});

test('mkdir, symlink, rename, unlink and rmdir change links and directories', (t) => {
  const root = fakeRoot(t);
  const path = (name: string): string => root.at(`/etc/${name}`);
  nodeFiles.mkdir(path('directory'));
  t.is(nodeFiles.lstat(path('directory')).mode & 0o7022, 0);
  nodeFiles.symlink('target', path('one'));
  nodeFiles.rename(path('one'), path('two'));
  t.is(nodeFiles.readlink(path('two')), 'target');
  nodeFiles.unlink(path('two'));
  nodeFiles.rmdir(path('directory'));
  t.deepEqual(nodeFiles.readdir(root.at('/etc')), []);
});

test('a failed call throws an error with the name of the errno', (t) => {
  t.is(
    errno(() => nodeFiles.read('/none')),
    'ENOENT',
  );
  t.is(
    errno(() => nodeFiles.readlink('/dev/null')),
    'EINVAL',
  );
});

test('a path that contains NUL fails with EINVAL', (t) => {
  for (const fn of [
    () => nodeFiles.read('/etc/passwd\0x'),
    () => nodeFiles.readdir('/\0'),
    () => nodeFiles.lstat('/\0'),
    () => nodeFiles.openPath('/\0'),
    () => nodeFiles.symlink('x', '/\0'),
  ])
    t.is(errno(fn), 'EINVAL');
});

/** The byte FF in a name and in the target of a link. */
const rawName = Buffer.from([0x61, 0xff]);

test('names and targets that are not UTF-8 are read, and can be used in paths', (t) => {
  const root = fakeRoot(t);
  const raw = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${root.dir}/etc/`), name]);
  fs.symlinkSync(rawName, raw(rawName));
  t.deepEqual(nodeFiles.readdir(root.at('/etc')), ['a\udcff']);
  const path = `${root.dir}/etc/a\udcff`;
  t.is(nodeFiles.readlink(path), 'a\udcff');
  t.is(nodeFiles.lstat(path).kind, 'symlink');
  t.is(nodeFiles.statNode(path).kind, 'symlink');
  nodeFiles.rename(path, `${root.dir}/etc/b\udcfe`);
  t.deepEqual(nodeFiles.readdir(root.at('/etc')), ['b\udcfe']);
  nodeFiles.unlink(`${root.dir}/etc/b\udcfe`);
  nodeFiles.mkdir(path);
  nodeFiles.openDir(path).release();
  nodeFiles.rmdir(path);
  nodeFiles.symlink('a\udcff', path);
  t.deepEqual(fs.readlinkSync(raw(rawName), { encoding: 'buffer' }), rawName);
  t.deepEqual(nodeFiles.readdir(root.at('/etc')), ['a\udcff']);
  nodeFiles.renameNew(path, `${root.dir}/etc/b\udcfe`);
  nodeFiles.mkdir(path);
  t.is(errnoOf(t.throws(() => nodeFiles.renameNew(path, `${root.dir}/etc/b\udcfe`))), 'EEXIST');
  nodeFiles.renameNew(path, `${root.dir}/etc/c\udcff`);
  t.deepEqual(nodeFiles.readdir(root.at('/etc')).sort(), ['b\udcfe', 'c\udcff']);
});

test('exchange takes names that are not UTF-8', async (t) => {
  const root = fakeRoot(t);
  const [a, b] = [root.at('/etc/a\udcff'), root.at('/etc/b')];
  nodeFiles.createFile(b, 'text', false);
  nodeFiles.symlink('target', a);
  (await loadExchange())?.(a, b);
  t.deepEqual([nodeFiles.readlink(b), nodeFiles.lstat(a).kind], ['target', 'file']);
});
