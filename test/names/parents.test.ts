import test from 'ava';
import { parentDirectories } from '../../src/names/parents.ts';

test('parentsOf returns the outermost directory first', (t) => {
  t.deepEqual(parentDirectories('by-a/b/c'), ['by-a', 'by-a/b']);
  t.deepEqual(parentDirectories('x'), []);
});
