import test from 'ava';
import { completeAddress, completeUuid, isAddress } from '../../src/names/short-address.ts';

const becomes = test.macro({
  exec(t, text: string, expected: string) {
    t.is(completeAddress(text), expected);
  },
  title: (_, text, expected) => (text === expected ? `${text} stays` : `${text} becomes ${expected}`),
});

test(becomes, '01:00.0', '0000:01:00.0');
test(becomes, '0A:1F.7', '0000:0a:1f.7');
test(becomes, '0000:01:00.0', '0000:01:00.0');
test(becomes, '10000:E1:00.0', '10000:e1:00.0');
test(becomes, '01:00.*', '0000:01:00.*');
test(becomes, '0?:00.0', '0000:0?:00.0');
test(becomes, '*:01:00.0', '*:01:00.0');
test(becomes, '0000:*', '0000:*');
test(becomes, 'ff:01:00.0', 'ff:01:00.0');
test(becomes, 'lpss.0', 'lpss.0');
test(becomes, 'GPU', 'GPU');
test(becomes, 'GPU 0A:1F.7', 'GPU 0A:1F.7');
test(becomes, '0A:1F.7 GPU', '0A:1F.7 GPU');
test(becomes, '', '');

test('only what the kernel writes is an address', (t) => {
  t.true(isAddress('0000:01:00.0'));
  t.true(isAddress('10000:e1:00.7'));
  for (const text of [
    '01:00.0',
    '0000:01:00.8',
    '0000:01:00',
    '0000:0A:00.0',
    '0000:01:00.0\n',
    'x0000:01:00.0',
  ])
    t.false(isAddress(text));
});

test('a UUID is in small letters, other texts stay', (t) => {
  t.is(completeUuid('83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'), '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001');
  t.is(completeUuid('Mdev-1'), 'Mdev-1');
  for (const text of ['83B8F4F2-509F-382F-3C1E-E6BFE0FA10012', 'F83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'])
    t.is(completeUuid(text), text);
});
