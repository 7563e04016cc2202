import test from 'ava';
import fc from 'fast-check';
import { escapeControls, printable } from '../../../src/text/printable.ts';

const row = test.macro({
  exec(t, text: string, expected: string) {
    t.is(printable(text), expected);
  },
  title: (_, text) => `printable escapes ${JSON.stringify(text)}`,
});
test(row, '0000:01:00.0', '0000:01:00.0');
test(row, 'two\nlines', 'two\\x0alines');
test(row, '\u001b[31mred', '\\x1b[31mred');
test(row, '\u0085next', '\\x85next');
test(row, 'a\u202eb', 'a\\u202eb');
test(row, 'back\\slash', 'back\\\\slash');
test(row, 'half \ud800 pair', 'half \\ud800 pair');
test(row, 'Grafik für 😀', 'Grafik für 😀');

test('escapeControls leaves what printable has escaped, and escapes what it has not', (t) => {
  t.is(escapeControls('a\\b \u001b[31m'), 'a\\b \\x1b[31m');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.is(escapeControls(printable(text)), printable(text));
    }),
    { numRuns: 200 },
  );
});

test('printable returns no control characters and different results for different texts', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      t.notRegex(printable(a), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      t.is(printable(a) === printable(b), a === b);
    }),
    { numRuns: 200 },
  );
});
