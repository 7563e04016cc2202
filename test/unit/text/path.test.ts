import { posix } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { baseName, dirName, resolvePath } from '../../../src/text/path.ts';

test('baseName returns the last part of a symlink target', (t) => {
  t.is(baseName('../../../bus/pci'), 'pci');
  t.is(baseName('pci'), 'pci');
  t.is(baseName('pci/'), '');
});

const path = fc
  .array(fc.constantFrom('a', 'b.json', '.', '..', '/', '//'), { maxLength: 6 })
  .map((parts) => parts.join(''));

test('dirName returns what dirname of Node returns, without slashes at the end', (t) => {
  fc.assert(
    fc.property(path, (text) => {
      if (!text.endsWith('/')) t.is(dirName(text), posix.dirname(text).replace(/(?<=.)\/+$/, ''), text);
    }),
  );
});

test('resolvePath returns what resolve of Node returns, for an absolute directory', (t) => {
  fc.assert(
    fc.property(path, path, (directory, target) => {
      t.is(
        resolvePath(`/${directory}`, target),
        posix.resolve(`/${directory}`, target),
        `${directory} ${target}`,
      );
    }),
  );
});
