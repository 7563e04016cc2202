import test from 'ava';
import { completeAddress, completeUuid, isAddress } from '../../src/names/short-address.ts';

const completes = test.macro({
  exec(t, text: string, expected: string) {
    t.is(completeAddress(text), expected);
  },
  title: (_, text, expected) =>
    text === expected
      ? `completeAddress leaves "${text}" unchanged`
      : `completeAddress converts ${text} to ${expected}`,
});

test(completes, '01:00.0', '0000:01:00.0');
test(completes, '0A:1F.7', '0000:0a:1f.7');
test(completes, '0000:01:00.0', '0000:01:00.0');
test(completes, '10000:E1:00.0', '10000:e1:00.0');
test(completes, '01:00.*', '0000:01:00.*');
test(completes, '0?:00.0', '0000:0?:00.0');
test(completes, '*:01:00.0', '*:01:00.0');
test(completes, '0000:*', '0000:*');
test(completes, 'ff:01:00.0', 'ff:01:00.0');
test(completes, 'lpss.0', 'lpss.0');
test(completes, 'GPU', 'GPU');
test(completes, 'GPU 0A:1F.7', 'GPU 0A:1F.7');
test(completes, '0A:1F.7 GPU', '0A:1F.7 GPU');
test(completes, '', '');

test("isAddress accepts only the kernel's notation", (t) => {
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

test('completeUuid converts UUIDs to lower case and returns other text unchanged', (t) => {
  t.is(completeUuid('83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'), '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001');
  t.is(completeUuid('Mdev-1'), 'Mdev-1');
  for (const text of ['83B8F4F2-509F-382F-3C1E-E6BFE0FA10012', 'F83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'])
    t.is(completeUuid(text), text);
});
