import * as fs from 'node:fs';
import { dirname } from 'node:path';
import test from 'ava';
import { errnoOf } from '../../../src/errors.ts';
import { hostPath, openDirBelow, pathBelow, rootFrom } from '../../../src/system/root-path.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

function errno(fn: () => unknown): string | undefined {
  try {
    fn();
  } catch (error) {
    return errnoOf(error);
  }
  return undefined;
}

test('openDirBelow creates missing parts only on request', (t) => {
  const root = fakeRoot(t);
  t.is(
    errno(() => openDirBelow(fakeFiles, root.dir, '/dev/vfio/by-x/y', false)),
    'ENOENT',
  );
  const handle = openDirBelow(fakeFiles, root.dir, '/dev/vfio/by-x/y', true);
  t.is(fs.realpathSync(handle.path), fs.realpathSync(root.at('/dev/vfio/by-x/y')));
  handle.release();
});

test('openDirBelow fails with ENOTDIR if a part is a link', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere/y'), { recursive: true });
  root.linkTo('/dev/vfio/by-x', '/elsewhere');
  t.is(
    errno(() => openDirBelow(fakeFiles, root.dir, '/dev/vfio/by-x/y', true)),
    'ENOTDIR',
  );
});

for (const link of ['/dev', '/dev/vfio', '/dev/vfio/by-x'])
  test(`openDirBelow does not leave the root through ${link}`, (t) => {
    const root = fakeRoot(t);
    fs.mkdirSync(root.at('/outside/vfio/by-x'), { recursive: true });
    fs.rmSync(root.at(link), { recursive: true, force: true });
    fs.mkdirSync(dirname(root.at(link)), { recursive: true });
    fs.symlinkSync(
      root.at(link === '/dev' ? '/outside' : link === '/dev/vfio' ? '/outside/vfio' : '/outside/vfio/by-x'),
      root.at(link),
    );
    t.true(
      ['ENOTDIR', 'ELOOP'].includes(
        errno(() => openDirBelow(fakeFiles, root.dir, '/dev/vfio/by-x', true)) ?? '',
      ),
    );
  });

test('openDirBelow accepts a root that is a link', (t) => {
  const root = fakeRoot(t);
  root.write('/tree/dev/vfio/x', '');
  root.linkTo('/link', '/tree');
  openDirBelow(fakeFiles, root.at('/link'), '/dev/vfio', false).release();
  t.pass();
});

test('openDirBelow opens a directory that another process creates at the same time', (t) => {
  const root = fakeRoot(t);
  const files = hookedFiles(({ name, path }) => {
    if (name === 'mkdir') fs.mkdirSync(path);
  });
  openDirBelow(files, root.dir, '/dev/vfio/by-x', true).release();
  t.true(fs.existsSync(root.at('/dev/vfio/by-x')));
});

test('openDirBelow leaks no descriptor, whether it succeeds or fails', (t) => {
  const root = fakeRoot(t);
  root.write('/dev/vfio/by-x/file', '');
  const before = fs.readdirSync('/proc/self/fd').length;
  openDirBelow(fakeFiles, root.dir, '/dev/vfio/by-x', false).release();
  errno(() => openDirBelow(fakeFiles, root.dir, '/dev/vfio/by-x/file', true));
  t.is(fs.readdirSync('/proc/self/fd').length, before);
});

test('rootFrom returns the empty root for this machine', (t) => {
  for (const arg of ['', '/', '//']) t.is(pathBelow(rootFrom(arg), '/sys/class'), '/sys/class');
});

test('rootFrom strips the trailing slash', (t) => {
  t.is(pathBelow(rootFrom('/mnt/image/'), '/dev'), '/mnt/image/dev');
  t.is(pathBelow(rootFrom('image'), '/dev'), 'image/dev');
});

test('hostPath changes only the start of a path that leads out of the root by ..', (t) => {
  for (const [path, root, expected] of [
    ['/a/root/../p.toml', '/a/root', '/a/./root/../p.toml'],
    ['root/../p.toml', 'root', './root/../p.toml'],
    ['/a/root/p.toml', '/a/root', '/a/root/p.toml'],
    ['/a/rooted/../p.toml', '/a/root', '/a/rooted/../p.toml'],
    ['../p.toml', '', '../p.toml'],
  ] as const)
    t.is(hostPath(path, root), expected);
});
