import test from 'ava';
import fc from 'fast-check';
import { escapeControls, escapeText, jsonText, printable } from '../../../src/text/printable.ts';

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
test(row, 'a\uffff\ufdd0b', 'a\\uffff\\ufdd0b');
test(row, 'a\u{1fffe}b', 'a\\ud83f\\udffeb');
test(row, '\u{e0041}\u2060\ufff9\u00ad', '\\udb40\\udc41\\u2060\\ufff9\\xad');

/** Every character that is not printed as it is: controls, formats, surrogates and noncharacters. */
const raw =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff]|\p{Surrogate}|[\u{1fffe}\u{1ffff}\u{10fffe}\u{10ffff}]/u;
const everyCharacter = Array.from({ length: 0x11000 }, (_, code) => String.fromCodePoint(code)).join('');

test('jsonText has no raw control character, bidirectional control or noncharacter, and is the same value', (t) => {
  const value = { [everyCharacter]: [everyCharacter, '\u{1ffff}\u{10fffe}', '\ud800'] };
  for (const text of [jsonText(value), jsonText(value, 2)]) {
    t.notRegex(text, raw);
    t.deepEqual(JSON.parse(text), value);
  }
  t.is(jsonText({ a: [1] }, 2), '{\n  "a": [\n    1\n  ]\n}');
});

test('escapeText leaves line breaks and, if asked to, the colours of doctor', (t) => {
  t.is(escapeText('a\n\tb\u001b[31m\u009b2J\n', false), 'a\n\tb\\x1b[31m\\x9b2J\n');
  t.is(escapeText('\u001b[32mok\u001b[39m \u001b[2J', true), '\u001b[32mok\u001b[39m \\x1b[2J');
  t.notRegex(escapeText(everyCharacter, true).replaceAll('\t', ''), raw);
});

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
