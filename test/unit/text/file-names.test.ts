import test from 'ava';
import fc from 'fast-check';
import { decodeName, encodeName, mayHaveRawBytes } from '../../../src/text/file-names.ts';
import '../../support/seed.ts';

test('decodeName and encodeName lead back to the bytes of any name', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const name = decodeName(bytes);
      return Buffer.from(encodeName(name)).equals(Buffer.from(bytes));
    }),
  );
  t.pass();
});

test('decodeName leaves valid UTF-8 as it is, U+FFFD included', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      (text) => decodeName(Buffer.from(text)) === Buffer.from(text).toString(),
    ),
  );
  t.is(decodeName(Buffer.from('a\ufffdb')), 'a\ufffdb');
  t.is(decodeName(Buffer.from([0x61, 0xff, 0xe2, 0x82])), 'a\udcff\udce2\udc82');
  t.true(mayHaveRawBytes('a\udcff'));
  t.false(mayHaveRawBytes('a\u00ff\ufffd'));
});
