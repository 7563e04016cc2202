import test from 'ava';
import fc from 'fast-check';
import type { Facts } from '../../../src/devices/types.ts';
import { matchFacts } from '../../../src/policy/facts.ts';
import {
  contradicts,
  matchCovers,
  matches,
  parseMatch,
  patternCovers,
  type RawMatch,
} from '../../../src/policy/match.ts';
import type { Condition, Match } from '../../../src/policy/policy.ts';

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

const accepts = test.macro((t, raw: RawMatch, expected: readonly string[]) => {
  const { match, errors } = parseMatch(raw);
  t.deepEqual(errors, []);
  t.deepEqual(
    match.map(({ fact, negate, patterns }) => `${negate ? 'not ' : ''}${fact} ${patterns.join(' ')}`),
    expected,
  );
});

test('parseMatch: an empty table has no conditions', accepts, {}, []);
test('parseMatch converts IDs to the form of sysfs', accepts, { vendor: ['10DE', '0x1002', '0X8086'] }, [
  'vendor 0x1002 0x10de 0x8086',
]);
test('parseMatch adds 0x to patterns of IDs', accepts, { class: '03*', device: '[12]0de' }, [
  'device 0x[12]0de',
  'class 0x03*',
]);
test('parseMatch adds no 0x to an ID pattern that starts with *', accepts, { vendor: '*de' }, ['vendor *de']);
test('parseMatch completes short addresses on bus pci', accepts, { bus: 'pci', name: '01:00.0' }, [
  'bus pci',
  'name *:01:00.0',
]);
test('parseMatch completes short addresses without a bus', accepts, { name: '0A:00.*' }, ['name *:0a:00.*']);
test('parseMatch completes the address of a physical function', accepts, { pf: '01:00.0' }, ['pf *:01:00.0']);
test(
  'parseMatch accepts any name if several buses match',
  accepts,
  { bus: ['pci', 'platform'], name: 'gpu' },
  ['bus pci platform', 'name gpu'],
);
test('parseMatch accepts any name on a bus other than pci', accepts, { bus: 'platform', name: 'gpu' }, [
  'bus platform',
  'name gpu',
]);
test('parseMatch converts UUIDs to lower case', accepts, { name: '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001' }, [
  'name 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
]);
test('parseMatch accepts numbers for numeric facts', accepts, { group: 14, vf: [0, 1] }, [
  'group 14',
  'vf 0 1',
]);
test(
  'parseMatch does not depend on the order of keys and lists',
  accepts,
  { vendor: ['1002', '10de', '1002'], bus: 'pci' },
  ['bus pci', 'vendor 0x1002 0x10de'],
);
test(
  'parseMatch returns a negation as a separate condition',
  accepts,
  { bus: 'pci', not: { bus: 'x', driver: ['a', 'b*'] } },
  ['bus pci', 'not bus x', 'not driver a b*'],
);
test('parseMatch accepts a negation of pf = "*"', accepts, { not: { pf: '*' } }, ['not pf *']);
test(
  'parseMatch accepts a fact with a bus pattern that matches its buses',
  accepts,
  { bus: '[pc]*', vendor: '10de' },
  ['bus [pc]*', 'vendor 0x10de'],
);
test(
  'parseMatch accepts a fact that one bus of a list has',
  accepts,
  { bus: ['platform', 'pci'], vendor: '10de' },
  ['bus pci platform', 'vendor 0x10de'],
);
test(
  'parseMatch accepts a bus pattern that matches one bus of the fact',
  accepts,
  { bus: 'pc*', vendor: '10de' },
  ['bus pc*', 'vendor 0x10de'],
);
test('parseMatch accepts two facts that share a bus', accepts, { vendor: '10de', slot: '1' }, [
  'vendor 0x10de',
  'slot 1',
]);
test(
  'parseMatch compares a negation only with conditions on the same fact',
  accepts,
  { bus: 'pci', not: { driver: 'p*' } },
  ['bus pci', 'not driver p*'],
);
test('parseMatch accepts a negation that leaves some values', accepts, { not: { name: ['a*', '*b'] } }, [
  'not name *b a*',
]);
test('parseMatch accepts any fact on an unknown bus', accepts, { bus: 'cxl', vendor: '10de' }, [
  'bus cxl',
  'vendor 0x10de',
]);
test('parseMatch accepts any fact with a pattern of unknown buses', accepts, { bus: 'cxl*', slot: '1' }, [
  'bus cxl*',
  'slot 1',
]);

const rejects = test.macro((t, raw: RawMatch, key: string, message: RegExp) => {
  const { errors } = parseMatch(raw);
  t.is(errors.length, 1, JSON.stringify(errors));
  t.is(errors[0]?.key, key);
  t.regex(errors[0]?.message ?? '', message);
});

test(
  'parseMatch rejects vendor on bus platform',
  rejects,
  { bus: 'platform', vendor: '10de' },
  'vendor',
  /bus platform have no vendor/,
);
test(
  'parseMatch rejects a fact that neither of two buses has',
  rejects,
  { bus: ['platform', 'amba'], vendor: '10de' },
  'vendor',
  /^cannot match: devices on bus amba, platform have no vendor, only those on pci, cdx$/,
);
test(
  'parseMatch reports an impossible value without contradictions',
  rejects,
  { bus: 'platform', vendor: 'nvidia' },
  'vendor',
  /^expected .*, found "/,
);
test(
  'parseMatch rejects mdevType on bus pci',
  rejects,
  { bus: 'pci', mdevType: 'x' },
  'mdevType',
  /only those on mdev/,
);
test(
  'parseMatch rejects vendor together with mdevType',
  rejects,
  { vendor: '10de', mdevType: 'x' },
  'mdevType',
  /no device has both/,
);
test(
  'parseMatch rejects a fact with a pattern of buses that do not have it',
  rejects,
  { bus: 'pl*', slot: '1' },
  'slot',
  /no slot/,
);
test(
  'parseMatch rejects a value together with its negation',
  rejects,
  { bus: 'pci', not: { bus: 'p*' } },
  'not.bus',
  /refuses every bus/,
);
test(
  'parseMatch rejects a negated "*" for a fact that all devices have',
  rejects,
  { not: { bus: '*' } },
  'not.bus',
  /every device has a bus/,
);
test(
  'parseMatch rejects "*" in a negated list for a fact that all devices have',
  rejects,
  { not: { name: ['gpu', '**'] } },
  'not.name',
  /every device has a name/,
);
test(
  'parseMatch rejects an ID with too many digits',
  rejects,
  { vendor: '0x10de1' },
  'vendor',
  /expected 4 hexadecimal digits such as 0x10de, found "0x10de1"/,
);
test(
  'parseMatch rejects an ID with too few digits',
  rejects,
  { class: '0300' },
  'class',
  /6 hexadecimal digits/,
);
test(
  'parseMatch rejects an ID pattern with letters that are not hexadecimal',
  rejects,
  { vendor: 'nvidia*' },
  'vendor',
  /^expected .*, found "/,
);
test(
  'parseMatch rejects a number for a hexadecimal fact',
  rejects,
  { vendor: 4318 },
  'vendor',
  /in quotes, found the number 4318/,
);
test(
  'parseMatch rejects a decimal number with a leading zero',
  rejects,
  { group: '014' },
  'group',
  /IOMMU group/,
);
test(
  'parseMatch rejects a name on bus pci that is not an address',
  rejects,
  { bus: 'pci', name: 'gpu' },
  'name',
  /PCI address such as/,
);
test('parseMatch rejects an invalid function', rejects, { function: 8 }, 'function', /0 to 7/);
test('parseMatch rejects an invalid node', rejects, { node: 'vfio' }, 'node', /vfio3/);
test('parseMatch rejects an invalid pattern', rejects, { driver: 'a[' }, 'driver', /bad pattern "a\["/);
test(
  'parseMatch rejects an invalid pattern in a negation',
  rejects,
  { not: { driver: 'a|b' } },
  'not.driver',
  /write a list/,
);
test(
  'parseMatch escapes control characters in messages',
  rejects,
  { driver: 'a\u001b[2J' },
  'driver',
  /^bad pattern "a\\x1b\[2J"/,
);

test('parseMatch accepts every fact of a device by its own value', (t) => {
  const facts = {
    bus: 'pci',
    name: '0000:01:00.1',
    node: 'vfio3',
    devnum: '247:3',
    syspath: '/sys/devices/pci0000:00/0000:01:00.1',
    cdev: 'yes',
    driver: 'vfio-pci',
    group: '14',
    groupNode: '/dev/vfio/14',
    vendor: '0x10de',
    device: '0x2204',
    subsystemVendor: '0x10de',
    subsystemDevice: '0x1467',
    class: '0x030000',
    revision: '0xa1',
    numaNode: '0',
    function: '1',
    pf: '0000:01:00.0',
    vf: '0',
    pfDriver: 'ice',
    pfNet: 'enp1s0f0',
    path: 'pci0000_00-06.0-00.0-vf0',
    slot: '8-1',
    serial: 'a0-36-9f-ff-ff-12-34-56',
    vgpuType: '1155',
    label: 'NVIDIA Corporation GA102 (x)',
  };
  for (const [fact, value] of Object.entries(facts)) {
    const { match, errors } = parseMatch({ [fact]: value });
    t.deepEqual(errors, [], fact);
    t.true(matches(match, facts), fact);
  }
  const mdev = { ...facts, bus: 'mdev', mdevType: 'nvidia-256', mdevParent: '0000:00:02.0' };
  for (const fact of ['mdevType', 'mdevParent'] as const)
    t.true(matches(parseMatch({ [fact]: mdev[fact] }).match, mdev), fact);
  t.deepEqual([...matchFacts].sort(), [...Object.keys(facts), 'mdevType', 'mdevParent'].sort());
});
