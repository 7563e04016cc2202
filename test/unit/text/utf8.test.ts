import test from 'ava';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8 } from '../../../src/text/utf8.ts';

const boundaryBytes = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf3,
  0xf4, 0xf5, 0xff,
];

test("decodeUtf8 decodes bytes as Node's Buffer does", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...boundaryBytes), fc.nat(255)), { maxLength: 12 }),
      (bytes) => {
        t.is(decodeUtf8(Uint8Array.from(bytes)), Buffer.from(bytes).toString('utf8'));
      },
    ),
    { numRuns: 3000 },
  );
});

test('decodeUtf8 decodes texts of any length', (t) => {
  const text = 'aß€😀'.repeat(3000);
  t.is(decodeUtf8(Buffer.from(text)), text);
  t.is(decodeUtf8(new Uint8Array()), '');
});

test('encodeUtf8 encodes text as TextEncoder does', (t) => {
  const unit = fc.oneof(
    fc.constantFrom(0xd800, 0xdbff, 0xdc00, 0xdfff, 0x7f, 0x80, 0x7ff, 0x800),
    fc.nat(0xffff),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 8 }), (units) => {
      const text = String.fromCharCode(...units);
      t.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
    }),
    { numRuns: 1000 },
  );
  t.deepEqual(encodeUtf8('😀'), new TextEncoder().encode('😀'));
});
