import test from 'ava';
import fc from 'fast-check';
import { distance, nearest } from '../../src/text/nearest.ts';

const commands = ['list', 'show', 'resolve', 'plan', 'sync', 'verify'];

const row = test.macro({
  exec(t, word: string, expected: string | undefined) {
    t.is(nearest(word, commands), expected);
  },
  title: (_, word, expected) =>
    `${word} is ${expected === undefined ? 'near to nothing' : `near to ${expected}`}`,
});
test(row, 'lsit', 'list');
test(row, 'resovle', 'resolve');
test(row, 'VERIFY', 'verify');
test(row, 'synch', 'sync');
test(row, 'frobnicate', undefined);
test(row, '', undefined);

test('nothing is near where there is no choice', (t) => {
  t.is(nearest('list', []), undefined);
});

test('the distance is zero for the same word only, the same both ways, and never above the longer word', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      t.is(distance(a, b), distance(b, a));
      t.is(distance(a, b) === 0, a === b);
      t.true(distance(a, b) <= Math.max(a.length, b.length));
    }),
    { numRuns: 100 },
  );
});
