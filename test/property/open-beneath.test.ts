import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { errnoOf } from '../../src/errors.ts';
import { nodeFiles } from '../../src/system/node/files.ts';
import { loadOpenBeneath } from '../../src/system/node/libc.ts';
import { type OpenBeneath, walkBeneath } from '../../src/system/open-beneath.ts';
import { fakeRoot } from '../support/fake-root.ts';

const names = ['a', 'b', 'c'];
const directories = ['', '/a', '/a/b', '/c'];
const part = fc.constantFrom(...names, ...names, '..', '..', '.', '', 'file');
const path = fc
  .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 6 }))
  .map(([isAbsolute, parts]) => (isAbsolute ? '/' : '') + parts.join('/'))
  .filter((text) => text !== '');
const links = fc.array(
  fc.record({
    directory: fc.constantFrom(...directories),
    name: fc.constantFrom('a', 'b', 'c', 'l'),
    target: path,
  }),
  { maxLength: 8 },
);

/** The inode that the path leads to, or the errno. */
function outcome(open: OpenBeneath, top: string, path: string, follow: boolean): string {
  const held = nodeFiles.openDir(top);
  try {
    const found = open(held, path, follow);
    try {
      const { kind, inode } = nodeFiles.stat(found.path);
      return `${kind} ${inode}`;
    } finally {
      found.release();
    }
  } catch (error) {
    return errnoOf(error) ?? String(error);
  } finally {
    held.release();
  }
}

test('the walk opens what openat2 opens, in random trees with links', async (t) => {
  const openat2 = await loadOpenBeneath();
  if (!openat2) return t.pass('not supported by this kernel');
  const walk = walkBeneath(nodeFiles);
  fc.assert(
    fc.property(links, fc.array(path, { maxLength: 8 }), (made, paths) => {
      const root = fakeRoot({ teardown: () => {} } as never);
      try {
        const top = root.at('/top');
        for (const directory of directories) fs.mkdirSync(top + directory, { recursive: true });
        fs.writeFileSync(`${top}/a/file`, '');
        fs.writeFileSync(root.at('/file'), 'outside');
        for (const { directory, name, target } of made)
          try {
            fs.symlinkSync(target, `${top + directory}/${name}`);
          } catch {
            // The name is taken.
          }
        for (const path of [...paths, ...made.map(({ directory, name }) => `${directory}/${name}`)])
          for (const follow of [true, false]) {
            const expected = outcome(openat2, top, path, follow);
            const found = outcome(walk, top, path, follow);
            if (found !== expected) throw new Error(`${path}: walk ${found}, openat2 ${expected}`);
          }
      } finally {
        fs.rmSync(root.dir, { recursive: true });
      }
    }),
    { numRuns: 300 },
  );
  return t.pass();
});
