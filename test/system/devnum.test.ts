import test from 'ava';
import fc from 'fast-check';
import { devnumOf, parseDevnum } from '../../src/system/devnum.ts';

/** gnu_dev_makedev of sys/sysmacros.h. */
function makedev(major: bigint, minor: bigint): bigint {
  return (
    ((major & 0xfffff000n) << 32n) |
    ((major & 0xfffn) << 8n) |
    ((minor & 0xffffff00n) << 12n) |
    (minor & 0xffn)
  );
}

test('every devnum of the kernel (12 bits of major, 20 of minor) comes back from its st_rdev', (t) => {
  fc.assert(
    fc.property(fc.nat(0xfff), fc.nat(0xfffff), (major, minor) => {
      t.is(devnumOf(Number(makedev(BigInt(major), BigInt(minor)))), `${major}:${minor}`);
    }),
    { numRuns: 200 },
  );
});

test('a major of more than twelve bits lies in the upper half and comes back too', (t) => {
  t.is(devnumOf(Number(makedev(0x12345n, 5n))), `${0x12345}:5`);
});

test('the greatest minor is 1048575', (t) => {
  t.is(devnumOf(Number(makedev(511n, 1048575n))), '511:1048575');
});

test('the text of a dev attribute is MAJOR:MINOR with or without a newline', (t) => {
  t.is(parseDevnum('247:3\n'), '247:3');
  t.is(parseDevnum('0:0'), '0:0');
});

const malformed = test.macro({
  exec(t, text: string) {
    t.is(parseDevnum(text), undefined);
  },
  title: (_, text) => `${JSON.stringify(text)} is no devnum`,
});
for (const text of ['', '\n', '247', '247:', ':3', '247:3:1', '0247:3', '-1:3', '247: 3', 'a:b', '247:3\n\n'])
  test(malformed, text);
