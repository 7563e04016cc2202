import test from 'ava';
import { mostSevereStatus } from '../../../src/probe/explain.ts';
import { tokenBytes } from '../../../src/probe/protocol.ts';

test('tokenBytes returns the bytes in written order', (t) => {
  const bytes = tokenBytes('bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3') ?? new Uint8Array();
  t.is(Buffer.from(bytes).toString('hex'), 'bd8d9d2b5a5f4f5aa211f591514ba1f3');
  t.is(tokenBytes(undefined), undefined);
});

test('mostSevereStatus returns the most severe status, in the order 3, 5, 4, 1, 0', (t) => {
  t.is(mostSevereStatus([]), 0);
  t.is(mostSevereStatus([0, 0]), 0);
  t.is(mostSevereStatus([0, 1]), 1);
  t.is(mostSevereStatus([1, 4, 0]), 4);
  t.is(mostSevereStatus([4, 5, 1]), 5);
  t.is(mostSevereStatus([5, 3, 4]), 3);
});
