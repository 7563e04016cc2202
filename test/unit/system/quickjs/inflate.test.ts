import { gzipSync, constants as zlib } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { gunzip } from '../../../../src/system/quickjs/inflate.ts';

const LIMIT = 1 << 22;

test('gunzip unpacks what zlib packs, at every level', (t) => {
  const text = Array.from(
    { length: 3000 },
    (_, index) => `CONFIG_OPTION_${index * 7919}=${index % 3}\n`,
  ).join('');
  for (const level of [0, 1, 6, 9]) t.is(gunzip(gzipSync(text, { level }), LIMIT), text);
  for (const strategy of [zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE])
    t.is(gunzip(gzipSync(text, { strategy }), LIMIT), text);
});

test('gunzip unpacks any text', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), fc.nat(400), (text, count) => {
      const repeated = text.repeat(count);
      return gunzip(gzipSync(repeated), 1 << 24) === repeated;
    }),
  );
  t.is(gunzip(gzipSync(''), 0), '');
});

test('gunzip skips the optional fields of the header', (t) => {
  const [text, extra] = ['CONFIG_VFIO=y\n', Buffer.from([3, 0, 1, 2, 3])];
  const plain = gzipSync(text);
  const header = Buffer.from(plain.subarray(0, 10));
  header[3] = 2 + 4 + 8 + 16;
  const fields = [extra, Buffer.from('name\0comment\0'), Buffer.alloc(2)];
  t.is(gunzip(Buffer.concat([header, ...fields, plain.subarray(10)]), LIMIT), text);
});

test('gunzip rejects more bytes than its limit', (t) => {
  t.is(gunzip(gzipSync('x'.repeat(1000)), 1000).length, 1000);
  t.throws(() => gunzip(gzipSync('x'.repeat(1001)), 1000), { message: /at most 1000 bytes/ });
});

test('gunzip rejects a damaged file', (t) => {
  const good = gzipSync('some text that is long enough to be packed, packed, packed');
  for (let end = 0; end < good.length; end++) t.throws(() => gunzip(good.subarray(0, end), LIMIT));
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = Buffer.from(good);
    const [at, mask] = [bit >> 3, 1 << (bit & 7)];
    bad[at] = (bad[at] ?? 0) ^ mask;
    // Bytes 4 to 9 and some flags of the header do not matter.
    if (at < 10) continue;
    t.throws(() => gunzip(bad, LIMIT), undefined, `bit ${bit}`);
  }
});

test('gunzip ends with an error or a text on any bytes', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const body = Buffer.concat([gzipSync('').subarray(0, 10), bytes]);
      try {
        return typeof gunzip(body, 1 << 16) === 'string';
      } catch (error) {
        return error instanceof Error && error.name === 'GzipError';
      }
    }),
  );
  t.pass();
});
