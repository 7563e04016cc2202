import * as fs from 'node:fs';
import test from 'ava';
import { readLinkTree } from '../../../src/links/tree.ts';
import type { Files } from '../../../src/system/files.ts';
import { filesBelow } from '../../../src/system/files-below.ts';
import { walkBeneath } from '../../../src/system/open-beneath.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

function read(root: FakeRoot, files: Files = fakeFiles) {
  const { entries, unreadable } = readLinkTree(files, root.dir);
  return { entries: Object.fromEntries(entries), unreadable: Object.fromEntries(unreadable) };
}

test('readTree returns links with targets, other entries with kinds, and nothing of the kernel', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/pci/a', '../devices/vfio0');
  root.linkWithTarget('/dev/vfio/devices/b', '../devices/vfio0');
  root.write('/dev/vfio/by-x/y/file', '');
  root.node('/dev/vfio/14', '243:1');
  t.deepEqual(read(root), {
    entries: {
      pci: { kind: 'directory' },
      'pci/a': { kind: 'symlink', target: '../devices/vfio0' },
      'by-x': { kind: 'directory' },
      'by-x/y': { kind: 'directory' },
      'by-x/y/file': { kind: 'file' },
    },
    unreadable: {},
  });
});

test('readTree opens no path beneath the root again for each entry of it', (t) => {
  const root = fakeRoot(t);
  for (let index = 0; index < 50; index++)
    fs.mkdirSync(root.at(`/dev/vfio/by-x/${index}/y`), { recursive: true });
  const opened: string[] = [];
  const walk = walkBeneath(fakeFiles);
  const files = filesBelow(fakeFiles, root.dir, (top, path, follow) => {
    opened.push(path);
    return walk(top, path, follow);
  });
  t.is(Object.keys(read(root, files).entries).length, 101);
  t.deepEqual(opened, ['dev']);
});

test('readTree returns nothing if /dev/vfio does not exist', (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  t.deepEqual(read(root), { entries: {}, unreadable: {} });
});

test('readTree reports ENOTDIR if /dev/vfio is a file', (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  root.write('/dev/vfio', '');
  t.deepEqual(read(root), { entries: {}, unreadable: { '': 'ENOTDIR' } });
});

const continues = test.macro({
  exec(t, call: string, ending: string, errno: string, expected: Record<string, string>) {
    const root = fakeRoot(t);
    root.linkWithTarget('/dev/vfio/pci/a', '../devices/vfio0');
    root.write('/dev/vfio/amba', '');
    const files = hookedFiles(({ name, path }) => {
      if (name === call && path.endsWith(ending)) throw errnoError(errno);
    });
    t.deepEqual(read(root, files).unreadable, expected);
  },
  title: (_, call, ending, errno) =>
    `readTree continues with the other entries after ${errno} of ${call} at ${ending}`,
});
test(continues, 'openDir', '/pci', 'EACCES', { pci: 'EACCES' });
test(continues, 'openDir', '/pci', 'ENOENT', {});
test(continues, 'readlink', '/a', 'EACCES', { 'pci/a': 'EACCES' });
test(continues, 'readlink', '/a', 'ENOENT', {});
test(continues, 'lstat', '/amba', 'EACCES', { amba: 'EACCES' });
test(continues, 'lstat', '/amba', 'ENOENT', {});

test('readTree stops at the depth limit and reports the directory as too deep', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/dev/vfio/pci/1/2/3/4/5/6/7/8/9'), { recursive: true });
  const { entries, unreadable } = read(root);
  t.is(Object.keys(entries).length, 9);
  t.deepEqual(unreadable, { 'pci/1/2/3/4/5/6/7/8': 'too deep' });
});

test('readTree rethrows an error that is not an errno', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/pci/a', '../devices/vfio0');
  for (const call of ['openDir', 'readlink'])
    t.throws(
      () =>
        read(
          root,
          hookedFiles(({ name }) => {
            if (name === call) throw new TypeError('bug');
          }),
        ),
      { instanceOf: TypeError },
    );
});
