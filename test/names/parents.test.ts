import test from 'ava';
import { parentsOf } from '../../src/names/parents.ts';

test('parentsOf returns the outermost directory first', (t) => {
  t.deepEqual(parentsOf('by-a/b/c'), ['by-a', 'by-a/b']);
  t.deepEqual(parentsOf('x'), []);
});
