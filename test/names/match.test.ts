import test from 'ava';
import fc from 'fast-check';
import type { Condition, Match } from '../../src/config/policy.ts';
import type { Facts } from '../../src/devices/device.ts';
import { matches } from '../../src/names/match.ts';
import { matchCovers, patternCovers, refusesItself } from '../../src/names/match-compare.ts';

const facts: Facts = {
  bus: 'pci',
  name: '0000:01:00.0',
  syspath: '/sys/devices/pci0000:00/0000:01:00.0',
  cdev: 'yes',
  vendor: '0x10de',
  driver: 'vfio-pci',
};

const is = (fact: Condition['fact'], ...patterns: string[]): Condition => ({ fact, negate: false, patterns });
const not = (fact: Condition['fact'], ...patterns: string[]): Condition => ({ fact, negate: true, patterns });

const decides = test.macro((t, match: Match, expected: boolean) => {
  t.is(matches(match, facts), expected);
});

test('no condition matches every device', decides, [], true);
test('an exact value matches', decides, [is('vendor', '0x10de')], true);
test('any pattern of a list will do', decides, [is('vendor', '0x8086', '0x10*')], true);
test('all conditions must hold', decides, [is('vendor', '0x10de'), is('driver', 'nvgrace*')], false);
test('a fact that the device lacks fits no pattern', decides, [is('pf', '*')], false);
test('a negation holds where no pattern fits', decides, [not('driver', 'mlx5*', 'nvgrace*')], true);
test('a negation fails where one pattern fits', decides, [not('driver', 'mlx5*', 'vfio*')], false);
test('a negation holds for a fact that the device lacks', decides, [not('pf', '*')], true);

test('a pattern covers itself, what it fits, and with a star everything', (t) => {
  t.true(patternCovers('*', '[ab]?'));
  t.true(patternCovers('**', '[ab]?'));
  t.true(patternCovers('0x*', '0x10de'));
  t.true(patternCovers('a?', 'a?'));
  t.false(patternCovers('0x1*', '0x*'));
});

const covers = test.macro((t, broad: Match, narrow: Match, expected: boolean) => {
  t.is(matchCovers(broad, narrow), expected);
});

test('no condition covers all', covers, [], [is('bus', 'pci')], true);
test(
  'a match covers a narrower one',
  covers,
  [is('bus', 'pci')],
  [is('bus', 'pci'), is('vendor', '0x10de')],
  true,
);
test(
  'a narrower match does not cover',
  covers,
  [is('bus', 'pci'), is('vendor', '0x10de')],
  [is('bus', 'pci')],
  false,
);
test('a list covers a part of it', covers, [is('vendor', 'a', 'b')], [is('vendor', 'a')], true);
test('a part does not cover the list', covers, [is('vendor', 'a')], [is('vendor', 'a', 'b')], false);
test('a negation covers a wider negation', covers, [not('bus', 'a')], [not('bus', 'a', 'b')], true);
test('a negation covers other exact values', covers, [not('bus', 'a')], [is('bus', 'b')], true);
test('a negation does not cover its own value', covers, [not('bus', 'a')], [is('bus', 'a', 'b')], false);
test('a plain condition does not cover a negation', covers, [is('bus', 'a')], [not('bus', 'b')], false);

test('a negation of all that is allowed leaves nothing', (t) => {
  t.true(refusesItself(is('bus', 'pci'), not('bus', 'p*')));
  t.false(refusesItself(is('bus', 'pci', 'mdev'), not('bus', 'p*')));
});

test('what a match covers, it matches', (t) => {
  const pattern = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '?', '[ab]', '*b');
  const condition = fc.record({
    fact: fc.constantFrom('vendor' as const, 'driver' as const),
    negate: fc.boolean(),
    patterns: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  });
  const match = fc.array(condition, { maxLength: 3 });
  const value = fc.option(fc.constantFrom('a', 'b', 'ab', 'c', ''), { nil: undefined });
  fc.assert(
    fc.property(match, match, value, value, (broad, narrow, vendor, driver) => {
      const { vendor: _, driver: __, ...rest } = facts;
      const device = {
        ...rest,
        ...(vendor !== undefined && { vendor }),
        ...(driver !== undefined && { driver }),
      };
      return !matchCovers(broad, narrow) || !matches(narrow, device) || matches(broad, device);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});
