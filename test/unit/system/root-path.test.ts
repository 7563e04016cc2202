import * as fs from 'node:fs';
import test from 'ava';
import { errnoOf } from '../../../src/errors.ts';
import { openDirectory, pathBelow, rootFrom } from '../../../src/system/root-path.ts';
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

test('openDirectory creates missing parts only on request', (t) => {
  const root = fakeRoot(t);
  t.is(
    errno(() => openDirectory(fakeFiles, root.at('/dev/vfio'), 'by-x/y', false)),
    'ENOENT',
  );
  const handle = openDirectory(fakeFiles, root.at('/dev/vfio'), 'by-x/y', true);
  t.is(fs.realpathSync(handle.path), fs.realpathSync(root.at('/dev/vfio/by-x/y')));
  handle.release();
});

test('openDirectory fails with ENOTDIR if a part is a link', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere/y'), { recursive: true });
  root.linkTo('/dev/vfio/by-x', '/elsewhere');
  t.is(
    errno(() => openDirectory(fakeFiles, root.at('/dev/vfio'), 'by-x/y', true)),
    'ENOTDIR',
  );
});

test('openDirectory opens a directory that another process creates at the same time', (t) => {
  const root = fakeRoot(t);
  const files = hookedFiles(({ name, path }) => {
    if (name === 'mkdir') fs.mkdirSync(path);
  });
  openDirectory(files, root.at('/dev/vfio'), 'by-x', true).release();
  t.true(fs.existsSync(root.at('/dev/vfio/by-x')));
});

test('openDirectory leaks no descriptor, whether it succeeds or fails', (t) => {
  const root = fakeRoot(t);
  root.write('/dev/vfio/by-x/file', '');
  const before = fs.readdirSync('/proc/self/fd').length;
  openDirectory(fakeFiles, root.at('/dev/vfio'), 'by-x', false).release();
  errno(() => openDirectory(fakeFiles, root.at('/dev/vfio'), 'by-x/file', true));
  t.is(fs.readdirSync('/proc/self/fd').length, before);
});

test('rootFrom returns the empty root for this machine', (t) => {
  for (const arg of ['', '/', '//']) t.is(pathBelow(rootFrom(arg), '/sys/class'), '/sys/class');
});

test('rootFrom strips the trailing slash', (t) => {
  t.is(pathBelow(rootFrom('/mnt/image/'), '/dev'), '/mnt/image/dev');
  t.is(pathBelow(rootFrom('image'), '/dev'), 'image/dev');
});
