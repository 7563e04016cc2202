import * as fs from 'node:fs';
import test from 'ava';
import { errnoOf } from '../../src/errors.ts';
import { holdDirectory } from '../../src/links/hold.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

function errno(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return errnoOf(error);
  }
  return undefined;
}

test('missing parts are made only where that is asked for', (t) => {
  const root = fakeRoot(t);
  t.is(
    errno(() => holdDirectory(fakeFiles, root.dir, 'by-x/y', false)),
    'ENOENT',
  );
  const held = holdDirectory(fakeFiles, root.dir, 'by-x/y', true);
  t.is(fs.realpathSync(held.path), fs.realpathSync(root.at('/dev/vfio/by-x/y')));
  held.release();
});

test('every part must be a directory, not a link', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere/y'), { recursive: true });
  root.link('/dev/vfio/by-x', '/elsewhere');
  t.is(
    errno(() => holdDirectory(fakeFiles, root.dir, 'by-x/y', true)),
    'ENOTDIR',
  );
});

test('a directory that somebody else makes at the same moment is taken', (t) => {
  const root = fakeRoot(t);
  const files = hookedFiles(({ name, path }) => {
    if (name === 'mkdir') fs.mkdirSync(path);
  });
  holdDirectory(files, root.dir, 'by-x', true).release();
  t.true(fs.existsSync(root.at('/dev/vfio/by-x')));
});

test('no descriptor is left open, whether it comes about or not', (t) => {
  const root = fakeRoot(t);
  root.write('/dev/vfio/by-x/file', '');
  const before = fs.readdirSync('/proc/self/fd').length;
  holdDirectory(fakeFiles, root.dir, 'by-x', false).release();
  errno(() => holdDirectory(fakeFiles, root.dir, 'by-x/file', true));
  t.is(fs.readdirSync('/proc/self/fd').length, before);
});
