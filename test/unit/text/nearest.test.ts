import test from 'ava';
import fc from 'fast-check';
import { editDistance, nearest } from '../../../src/text/nearest.ts';

const commands = ['list', 'show', 'resolve', 'plan', 'sync', 'verify'];

const row = test.macro({
  exec(t, word: string, expected: string | undefined) {
    t.is(nearest(word, commands), expected);
  },
  title: (_, word, expected) => `the nearest command to "${word}" is ${expected ?? 'undefined'}`,
});
test(row, 'lsit', 'list');
test(row, 'resovle', 'resolve');
test(row, 'VERIFY', 'verify');
test(row, 'synch', 'sync');
test(row, 'frobnicate', undefined);
test(row, '', undefined);

test('nearest returns undefined without choices', (t) => {
  t.is(nearest('list', []), undefined);
});

test('editDistance is zero only for equal words, symmetric, and at most the length of the longer word', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      t.is(editDistance(a, b), editDistance(b, a));
      t.is(editDistance(a, b) === 0, a === b);
      t.true(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
    { numRuns: 100 },
  );
});
