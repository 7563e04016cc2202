import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { errnoOf } from '../../../src/errors.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { connectBelow, nodesBelow, systemFilesBelow } from '../../../src/system/files-below.ts';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { loadOpenBeneath } from '../../../src/system/node/libc.ts';
import { nodeSystem } from '../../../src/system/node/system.ts';
import { type OpenBeneath, walkBeneath } from '../../../src/system/open-beneath.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';

function errno(fn: () => unknown): string | undefined {
  try {
    fn();
  } catch (error) {
    return errnoOf(error);
  }
  return undefined;
}

const ways: readonly (readonly [string, () => Promise<OpenBeneath | undefined>])[] = [
  ['part by part', async () => walkBeneath(nodeFiles)],
  ['with openat2', () => loadOpenBeneath()],
];

/** Defines a test for each way to open beneath the root; `outside` is a file beside the tree that no path may reach. */
function eachWay(
  title: string,
  run: (t: ExecutionContext, files: SystemFiles, root: FakeRoot, outside: string) => void,
): void {
  for (const [way, load] of ways)
    test(`${title}, ${way}`, async (t) => {
      const openBeneath = await load();
      if (!openBeneath) return t.pass('not supported by this kernel');
      const top = fakeRoot(t);
      top.write('/outside', 'outside\n');
      top.write('/tree/etc/inside', 'inside\n');
      const tree = top.at('/tree');
      const root = Object.assign(Object.create(top) as FakeRoot, { dir: tree });
      run(t, systemFilesBelow(nodeFiles, tree, openBeneath), root, top.at('/outside'));
      return undefined;
    });
}

eachWay('an absolute link leads to a path below the root', (t, files, root) => {
  root.linkWithTarget('/dev/link', '/etc');
  t.is(files.read(root.at('/dev/link/inside')), 'inside\n');
  root.linkWithTarget('/dev/absolute', '/dev/link/inside');
  t.is(files.read(root.at('/dev/absolute')), 'inside\n');
});

eachWay('no path leads out of the root', (t, files, root, outside) => {
  const up = '../'.repeat(20);
  root.linkWithTarget('/absolute', outside);
  root.linkWithTarget('/relative', `${up}${outside}`);
  root.linkWithTarget('/directory', join(outside, '..'));
  const paths = ['/absolute', '/relative', '/directory/outside', `/${up}${outside}`, `/etc/../../outside`];
  for (const path of paths.map((place) => root.dir + place)) {
    for (const name of ['read', 'stat', 'readdir', 'syncDirectory'] as const)
      t.is(
        errno(() => files[name](path)),
        'ENOENT',
        `${name} ${path}`,
      );
    t.is(
      errno(() => files.readBytes(path, 9)),
      'ENOENT',
    );
  }
  const through = root.at('/directory/new');
  for (const [name, fn] of Object.entries({
    symlink: () => files.symlink('x', through),
    writeAttribute: () => files.writeAttribute(root.at('/directory/outside'), 'x'),
    mkdir: () => files.mkdir(through),
    createFile: () => files.createFile(through, 'x', false),
    unlink: () => files.unlink(root.at('/directory/outside')),
    openForChange: () => files.openForChange(root.at('/directory/outside')),
    statNode: () => files.statNode(root.at('/directory/outside')),
    lstat: () => files.lstat(root.at('/directory/outside')),
    openDir: () => files.openDir(root.at('/directory/tree')),
    openPath: () => files.openPath(root.at('/directory/outside')),
    rename: () => files.rename(root.at('/etc/inside'), through),
    renameFrom: () => files.rename(root.at('/directory/outside'), root.at('/etc/new')),
    rmdir: () => files.rmdir(root.at('/directory/tree/etc')),
    readlink: () => files.readlink(root.at('/directory/tree/absolute')),
  }))
    t.is(errno(fn), 'ENOENT', name);
});

eachWay('every call works below the root', (t, files, root) => {
  const at = (name: string): string => root.at(`/etc/${name}`);
  files.createFile(at('attribute'), 'old', false);
  files.writeAttribute(at('attribute'), 'new');
  t.is(files.read(at('attribute')), 'new');
  files.unlink(at('attribute'));
  files.mkdir(at('directory'));
  files.symlink('../inside', at('directory/one'));
  files.rename(at('directory/one'), at('directory/two'));
  t.is(files.readlink(at('directory/two')), '../inside');
  t.is(files.lstat(at('directory/two')).kind, 'symlink');
  t.is(files.statNode(at('directory/two')).kind, 'symlink');
  t.is(files.stat(at('directory/two')).kind, 'file');
  t.deepEqual(files.readdir(at('directory/')), ['two']);
  files.createFile(at('directory/text'), 'text', true);
  files.syncDirectory(at('directory'));
  t.is(Buffer.from(files.readBytes(at('directory/text'), 2)).toString(), 'te');
  const node = files.openForChange(at('directory/text'));
  node.chmod(0o600);
  node.release();
  t.is(files.stat(at('directory/text')).mode, 0o600);
  const held = files.openDir(at('directory'));
  t.is(files.read(`${held.path}/text`), 'text');
  t.deepEqual(files.readdir(held.path).sort(), ['text', 'two']);
  held.release();
  files.unlink(at('directory/text'));
  files.unlink(at('directory/two'));
  files.rmdir(at('directory'));
  t.is(files.stat(root.dir).kind, 'directory');
  t.is(files.lstat(`${root.dir}/.`).kind, 'directory');
  t.deepEqual(files.readdir(root.dir), ['etc']);
});

eachWay('a path outside the root is what the user gave', (t, files, _root, outside) => {
  t.is(files.read(outside), 'outside\n');
});

eachWay('an opened directory is not left through a link in it', (t, files, root, outside) => {
  root.linkWithTarget('/etc/link', outside);
  const held = files.openDir(root.at('/etc'));
  t.is(
    errno(() => files.read(`${held.path}/link`)),
    'ENOENT',
  );
  t.is(files.lstat(`${held.path}/link`).kind, 'symlink');
  held.release();
});

eachWay('only regular files are opened for reading', (t, files, root) => {
  execFileSync('mkfifo', [root.at('/etc/fifo')]);
  const calls = ['read', 'readBytes'] as const;
  for (const name of calls) {
    t.is(
      errno(() => files[name](root.at('/etc/fifo'), 9)),
      'EFTYPE',
    );
    t.is(
      errno(() => files[name](root.at('/etc'), 9)),
      'EISDIR',
    );
  }
});

eachWay('a device in place of an attribute is opened with O_PATH only', (t, files, root) => {
  root.node('/etc/node', '1:3');
  if (fs.lstatSync(root.at('/etc/node')).isFile()) return t.pass('mknod is not permitted');
  root.linkWithTarget('/etc/link', 'node');
  for (const path of ['/etc/node', '/etc/link'])
    t.is(
      errno(() => files.read(root.at(path))),
      'EFTYPE',
    );
  return undefined;
});

eachWay('an error names the path, not the descriptor', (t, files, root) => {
  for (const fn of [
    () => files.read(root.at('/etc/none')),
    () => files.readlink(root.at('/etc/none')),
    () => files.unlink(root.at('/none/none')),
  ])
    t.like(t.throws(fn), { code: 'ENOENT' });
  t.is(
    (t.throws(() => files.readlink(root.at('/etc/inside'))) as { path?: string }).path,
    root.at('/etc/inside'),
  );
});

for (const [way, load] of ways)
  test(`stat follows the descriptors of a process, which have no path, ${way}`, async (t) => {
    const files = systemFilesBelow(nodeFiles, '/proc/..', await load());
    const fd = fs.openSync('/dev/null', 'r');
    t.is(files.stat(`/proc/../proc/self/fd/${fd}`).devnum, '1:3');
    t.is(
      errno(() => files.read(`/proc/../proc/self/fd/${fd}`)),
      'EXDEV',
    );
    fs.closeSync(fd);
  });

eachWay('no descriptor is left open', (t, files, root, outside) => {
  root.linkWithTarget('/etc/a', '/etc/../etc/./b');
  root.linkWithTarget('/etc/b', '../etc/inside');
  root.linkWithTarget('/etc/loop', 'loop');
  root.linkWithTarget('/etc/out', outside);
  files.stat(root.dir);
  const before = fs.readdirSync('/proc/self/fd').length;
  t.is(files.read(root.at('/etc/a')), 'inside\n');
  t.is(
    errno(() => files.read(root.at('/etc/loop'))),
    'ELOOP',
  );
  for (const path of ['/etc/out', '/etc/a/x', '/none/x', '/etc/inside/..'])
    t.truthy(
      errno(() => files.stat(root.dir + path)),
      path,
    );
  t.is(fs.readdirSync('/proc/self/fd').length, before);
});

test('a held file without /proc is not a file that does not exist', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/inside', 'inside\n');
  const withoutProc = {
    ...nodeFiles,
    stat: (path: string) => {
      if (path.startsWith('/proc/self/fd/')) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return nodeFiles.stat(path);
    },
  };
  for (const walked of [nodeFiles, withoutProc]) {
    const files = systemFilesBelow(withoutProc, root.dir, walkBeneath(walked));
    for (const call of [files.readdir, files.read, files.stat, files.lstat, files.statNode])
      t.is(
        errno(() => call(root.at('/etc/inside'))),
        'ENOPROC',
      );
  }
});

test('loadOpenBeneath returns nothing without koffi', async (t) => {
  t.is(await loadOpenBeneath(() => Promise.reject(new Error('none'))), undefined);
});

eachWay('a path that contains NUL fails with EINVAL', (t, files, root) => {
  for (const name of ['read', 'stat', 'lstat', 'readdir', 'readlink', 'openDir', 'openPath'] as const)
    t.is(
      errno(() => files[name](`${root.dir}/etc/inside\0x`)),
      'EINVAL',
      name,
    );
});

eachWay('a path that is not UTF-8 is resolved beneath the root, too', (t, files, root, outside) => {
  const name = Buffer.concat([Buffer.from(root.at('/etc/a')), Buffer.from([0xff])]);
  fs.symlinkSync(outside, name);
  t.deepEqual(files.readdir(root.at('/etc')).sort(), ['a\udcff', 'inside']);
  t.is(
    errno(() => files.read(root.at('/etc/a\udcff'))),
    'ENOENT',
  );
  t.is(files.lstat(root.at('/etc/a\udcff')).kind, 'symlink');
  files.unlink(root.at('/etc/a\udcff'));
  t.deepEqual(files.readdir(root.at('/etc')), ['inside']);
});

test('connectBelow connects to a socket of the tree, and not through a link', async (t) => {
  const root = fakeRoot(t);
  const tree = root.at('/run');
  const files = systemFilesBelow(nodeFiles, tree);
  const canConnect = connectBelow(nodeSystem.canConnect, files);
  root.linkWithTarget('/run/link', root.at('/outside'));
  root.write('/run/file', '');
  const servers = ['/run/socket', '/outside'].map((path) => createServer().listen(root.at(path)));
  t.teardown(() => servers.map((server) => server.close()));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  t.true(await canConnect(`${tree}/socket`));
  for (const name of ['link', 'file', 'none', '../outside'])
    t.false(await canConnect(`${tree}/${name}`), name);
});

test('nodesBelow opens the nodes of the tree beneath its root', (t) => {
  const root = fakeRoot(t);
  const tree = root.at('/tree');
  root.write('/tree/dev/node', '');
  root.write('/outside/node', '');
  root.linkWithTarget('/tree/link', root.at('/outside'));
  const nodes = nodesBelow(nodeSystem.nodes, systemFilesBelow(nodeFiles, tree), tree);
  const held = nodes.hold('open node', `${tree}/dev/node`);
  t.is(nodes.status('fstat node', held).kind, 'file');
  nodes.close(held);
  for (const path of ['link/node', 'none/node', '../outside/node'])
    t.throws(() => nodes.hold('open node', `${tree}/${path}`), { name: 'CallError', message: /ENOENT/ });
});
