import test from 'ava';
import { parentsOf } from '../../src/names/parents.ts';

test('the parents of a link come from the outermost', (t) => {
  t.deepEqual(parentsOf('by-a/b/c'), ['by-a', 'by-a/b']);
  t.deepEqual(parentsOf('x'), []);
});
