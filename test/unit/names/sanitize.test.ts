import test from 'ava';
import fc from 'fast-check';
import { MAX_PART_BYTES, sanitizePathPart } from '../../../src/names/sanitize.ts';
import { printable } from '../../../src/text/printable.ts';

const row = test.macro({
  exec(t, text: string, expected: string | undefined) {
    t.is(sanitizePathPart(text), expected);
  },
  title: (_, text: string, expected: string | undefined) =>
    `sanitizePart: "${printable(text.slice(0, 30))}" (length ${text.length}) ${expected === undefined ? 'has no result' : `becomes ${printable(expected.slice(0, 30))}`}`,
});
test(row, '0000:01:00.0', '0000:01:00.0');
test(row, '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001');
test(row, 'a#+-.:=@_Z9', 'a#+-.:=@_Z9');
test(row, 'two\nlines', 'two_lines');
test(row, '  blanks \t at   ends \n', 'blanks_at_ends');
test(row, '\vtabs \v', '_tabs');
test(row, 'a V', 'a_V');
test(row, 'a/b', 'a_b');
test(row, '../../etc/passwd', '.._.._etc_passwd');
test(row, 'nul\0byte', 'nul_byte');
test(row, '$(reboot)`x`"\'', '__reboot__x___');
test(row, 'back\\slash', 'back_slash');
test(row, 'udev\\x2fescape', 'udev\\x2fescape');
test(row, 'ünïcode', 'ünïcode');
test(row, 'half\ud800pair', 'half___pair');
test(row, 'never\uffffassigned', 'never___assigned');
test(row, '\ud7ff|\ud800|\udfff|\ue000', '\ud7ff_________\ue000');
test(row, '\ufdcf|\ufdd0|\ufdef|\ufdf0', '\ufdcf_________\ufdf0');
test(row, '\u007f\u0080', '_\u0080');
test(row, 'x'.repeat(255), 'x'.repeat(255));
test(row, 'x'.repeat(256), undefined);
test(row, 'x'.repeat(300), undefined);
test(row, `${'ü'.repeat(127)}x`, `${'ü'.repeat(127)}x`);
test(row, 'ü'.repeat(128), undefined);
test(row, '\u0080'.repeat(128), undefined);
test(row, '\u0800'.repeat(85), '\u0800'.repeat(85));
test(row, '\u0800'.repeat(86), undefined);
test(row, '\u{10000}'.repeat(63), '\u{10000}'.repeat(63));
test(row, '\u{10000}'.repeat(64), undefined);
test(row, '', undefined);
test(row, ' \n', undefined);
test(row, '.', undefined);
test(row, '..', undefined);
test(row, ' .. ', undefined);

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', 'x', ' ', '\n', '\v', 'a', '\ud83d', '\ude00'),
    maxLength: 8,
  }),
  fc.string({ minLength: 240, maxLength: 300 }),
);

test('sanitizePart returns one safe part for any text: no slash, no .., no control characters, at most 255 bytes', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const part = sanitizePathPart(text);
      if (part === undefined) return;
      t.false(part === '' || part === '.' || part === '..');
      t.notRegex(part, /[/\u0000-\u0020\u007f]/);
      t.true(Buffer.byteLength(part) <= MAX_PART_BYTES);
      t.true(Buffer.from(part).toString() === part, 'is UTF-8');
    }),
    { numRuns: 200 },
  );
});

test('sanitizePart does not change its own result', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const part = sanitizePathPart(text);
      if (part !== undefined) t.is(sanitizePathPart(part), part);
    }),
    { numRuns: 200 },
  );
});
