import test from 'ava';
import fc from 'fast-check';
import { devnumOf, parseDevnum } from '../../../src/system/devnum.ts';

/** gnu_dev_makedev of sys/sysmacros.h. */
function makedev(major: bigint, minor: bigint): bigint {
  return (
    ((major & 0xfffff000n) << 32n) |
    ((major & 0xfffn) << 8n) |
    ((minor & 0xffffff00n) << 12n) |
    (minor & 0xffn)
  );
}

test('devnumOf decodes every device number of the kernel (12 bits of major, 20 of minor)', (t) => {
  fc.assert(
    fc.property(fc.nat(0xfff), fc.nat(0xfffff), (major, minor) => {
      t.is(devnumOf(Number(makedev(BigInt(major), BigInt(minor)))), `${major}:${minor}`);
    }),
    { numRuns: 200 },
  );
});

test('devnumOf decodes a major of more than twelve bits, whose high bits are in the upper half', (t) => {
  t.is(devnumOf(Number(makedev(0x12345n, 5n))), `${0x12345}:5`);
});

test('devnumOf decodes the largest minor, 1048575', (t) => {
  t.is(devnumOf(Number(makedev(511n, 1048575n))), '511:1048575');
});

test('parseDevnum accepts MAJOR:MINOR with or without a newline', (t) => {
  t.is(parseDevnum('247:3\n'), '247:3');
  t.is(parseDevnum('0:0'), '0:0');
});

const malformed = test.macro({
  exec(t, text: string) {
    t.is(parseDevnum(text), undefined);
  },
  title: (_, text) => `parseDevnum rejects ${JSON.stringify(text)}`,
});
for (const text of [
  '',
  '\n',
  '247',
  '247:',
  ':3',
  '247:3:1',
  '0247:3',
  '-1:3',
  '247: 3',
  'a:b',
  '247:3\n\n',
  '4294967296:3',
  '1e2:3',
  '0x1:3',
])
  test(malformed, text);
