import test from 'ava';
import fc from 'fast-check';
import type { Condition, Match } from '../../src/config/policy.ts';
import type { Facts } from '../../src/devices/device.ts';
import { matches } from '../../src/names/match.ts';
import { contradicts, matchCovers, patternCovers } from '../../src/names/match-compare.ts';

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

const evaluates = test.macro((t, match: Match, expected: boolean) => {
  t.is(matches(match, facts), expected);
});

test('an empty match matches every device', evaluates, [], true);
test('match: an exact value matches', evaluates, [is('vendor', '0x10de')], true);
test('match: one pattern of a list is enough', evaluates, [is('vendor', '0x8086', '0x10*')], true);
test(
  'match: all conditions must be true',
  evaluates,
  [is('vendor', '0x10de'), is('driver', 'nvgrace*')],
  false,
);
test('match: no pattern matches a missing fact', evaluates, [is('pf', '*')], false);
test(
  'match: a negation is true if no pattern matches',
  evaluates,
  [not('driver', 'mlx5*', 'nvgrace*')],
  true,
);
test(
  'match: a negation is false if one pattern matches',
  evaluates,
  [not('driver', 'mlx5*', 'vfio*')],
  false,
);
test('match: a negation is true for a missing fact', evaluates, [not('pf', '*')], true);

test('patternCovers: a pattern covers itself and the values it matches; * covers everything', (t) => {
  t.true(patternCovers('*', '[ab]?'));
  t.true(patternCovers('**', '[ab]?'));
  t.true(patternCovers('0x*', '0x10de'));
  t.true(patternCovers('a?', 'a?'));
  t.false(patternCovers('0x1*', '0x*'));
});

const covers = test.macro((t, broad: Match, narrow: Match, expected: boolean) => {
  t.is(matchCovers(broad, narrow), expected);
});

test('matchCovers: an empty match covers every match', covers, [], [is('bus', 'pci')], true);
test(
  'matchCovers: a match covers a narrower match',
  covers,
  [is('bus', 'pci')],
  [is('bus', 'pci'), is('vendor', '0x10de')],
  true,
);
test(
  'matchCovers: a narrower match does not cover a broader match',
  covers,
  [is('bus', 'pci'), is('vendor', '0x10de')],
  [is('bus', 'pci')],
  false,
);
test(
  'matchCovers: a list covers a part of the list',
  covers,
  [is('vendor', 'a', 'b')],
  [is('vendor', 'a')],
  true,
);
test(
  'matchCovers: a part of a list does not cover the list',
  covers,
  [is('vendor', 'a')],
  [is('vendor', 'a', 'b')],
  false,
);
test(
  'matchCovers: a negation covers a negation of more values',
  covers,
  [not('bus', 'a')],
  [not('bus', 'a', 'b')],
  true,
);
test('matchCovers: a negation covers other exact values', covers, [not('bus', 'a')], [is('bus', 'b')], true);
test(
  'matchCovers: a negation does not cover its own value',
  covers,
  [not('bus', 'a')],
  [is('bus', 'a', 'b')],
  false,
);
test(
  'matchCovers: a plain condition does not cover a negation',
  covers,
  [is('bus', 'a')],
  [not('bus', 'b')],
  false,
);

test('a negation that excludes every allowed value contradicts the plain condition', (t) => {
  t.true(contradicts(is('bus', 'pci'), not('bus', 'p*')));
  t.false(contradicts(is('bus', 'pci', 'mdev'), not('bus', 'p*')));
});

test('matchCovers implies that every device of the narrow match matches', (t) => {
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
