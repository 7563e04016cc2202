import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { sha256 } from '../../../src/text/sha256.ts';

const reference = (text: string): string => createHash('sha256').update(text).digest('hex');

test('sha256 returns the hash of FIPS 180-4 for texts around the size of a block', (t) => {
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, 5000]) {
    const text = 'a'.repeat(length);
    t.is(sha256(text), reference(text), `${length}`);
  }
});

test('sha256 returns the hash of any text in UTF-8', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      t.is(sha256(text), reference(text));
    }),
  );
});
