import test from 'ava';
import { isToken, tokenBytes } from '../../src/probe/token.ts';

test('isToken accepts only UUIDs', (t) => {
  t.true(isToken('bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3'));
  t.true(isToken('BD8D9D2B-5A5F-4F5A-A211-F591514BA1F3'));
  for (const text of [
    '',
    'bd8d9d2b',
    'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3 x',
    'gd8d9d2b-5a5f-4f5a-a211-f591514ba1f3',
  ])
    t.false(isToken(text), text);
});

test('tokenBytes returns the bytes in written order', (t) => {
  t.is(
    tokenBytes('bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3')?.toString('hex'),
    'bd8d9d2b5a5f4f5aa211f591514ba1f3',
  );
  t.is(tokenBytes(undefined), undefined);
});
