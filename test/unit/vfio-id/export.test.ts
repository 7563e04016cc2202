import test from 'ava';
import fc from 'fast-check';
import { printable } from '../../../src/text/printable.ts';
import { exportLines, isExportable, propertyOf } from '../../../src/vfio-id/export.ts';

test('propertyOf returns the udev property of a fact', (t) => {
  t.is(propertyOf('mdevType'), 'ID_VFIO_MDEV_TYPE');
  t.is(propertyOf('pf'), 'ID_VFIO_PF');
});

for (const value of ['0000:01:00.0', 'a b', 'Société "N" x', "it's", '$x %y', 'a=b'])
  test(`isExportable accepts ${JSON.stringify(value)}`, (t) => t.true(isExportable(value)));

for (const value of [
  '',
  ' a',
  'a ',
  '"a',
  "'a'",
  'a\\',
  'a\nB=c',
  'a\0',
  '\u0085',
  'a\u2028',
  '\ufffd',
  '\ud800',
  'x\udc00y',
])
  test(`isExportable rejects "${printable(value.replaceAll(' ', '\\s'))}"`, (t) =>
    t.false(isExportable(value)));

test('exportLines prints only its own keys, each at most once, in at most 16384 bytes, for any values', (t) => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('\n', '"', "'", '\\', '=', ' ', 'A', '\r', '€', '\0'), maxLength: 9 }),
    fc.constantFrom('x'.repeat(5000), '€'.repeat(5000), 'x'.repeat(20000)),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 8 }), (values) => {
      const output = exportLines(values.map((text, index) => [`ID_VFIO_LINK_${index}`, text] as const));
      t.true(Buffer.byteLength(output) <= 16384);
      const lines = output.split(/[\n\r]/).slice(0, -1);
      for (const line of lines) t.regex(line, /^ID_VFIO_LINK_\d=./s);
      t.is(new Set(lines.map((line) => line.split('=')[0])).size, lines.length);
    }),
    { numRuns: 300 },
  );
});
