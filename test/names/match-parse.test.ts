import test from 'ava';
import { matches } from '../../src/names/match.ts';
import { matchFacts } from '../../src/names/match-facts.ts';
import { parseMatch, type RawMatch } from '../../src/names/match-parse.ts';

const reads = test.macro((t, raw: RawMatch, expected: readonly string[]) => {
  const { match, complaints } = parseMatch(raw);
  t.deepEqual(complaints, []);
  t.deepEqual(
    match.map(({ fact, negate, patterns }) => `${negate ? 'not ' : ''}${fact} ${patterns.join(' ')}`),
    expected,
  );
});

test('an empty table matches everything', reads, {}, []);
test('ids are brought into the form of sysfs', reads, { vendor: ['10DE', '0x1002', '0X8086'] }, [
  'vendor 0x1002 0x10de 0x8086',
]);
test('patterns of ids get their 0x', reads, { class: '03*', device: '[12]0de' }, [
  'device 0x[12]0de',
  'class 0x03*',
]);
test('a pattern of ids that is open at its left stays so', reads, { vendor: '*de' }, ['vendor *de']);
test('short addresses are completed', reads, { bus: 'pci', name: '01:00.0' }, [
  'bus pci',
  'name 0000:01:00.0',
]);
test('short addresses are completed without a bus too', reads, { name: '0A:00.*' }, ['name 0000:0a:00.*']);
test('the address of a physical function is completed', reads, { pf: '01:00.0' }, ['pf 0000:01:00.0']);
test('a name on several buses may be any', reads, { bus: ['pci', 'platform'], name: 'gpu' }, [
  'bus pci platform',
  'name gpu',
]);
test('a name on another bus than pci may be any', reads, { bus: 'platform', name: 'gpu' }, [
  'bus platform',
  'name gpu',
]);
test('UUIDs are in small letters', reads, { name: '83B8F4F2-509F-382F-3C1E-E6BFE0FA1001' }, [
  'name 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
]);
test('counted facts may be numbers', reads, { group: 14, vf: [0, 1] }, ['group 14', 'vf 0 1']);
test(
  'the order of the keys and of a list does not matter',
  reads,
  { vendor: ['1002', '10de', '1002'], bus: 'pci' },
  ['bus pci', 'vendor 0x1002 0x10de'],
);
test('a negation is a condition of its own', reads, { bus: 'pci', not: { bus: 'x', driver: ['a', 'b*'] } }, [
  'bus pci',
  'not bus x',
  'not driver a b*',
]);
test('a device without a physical function can be asked for', reads, { not: { pf: '*' } }, ['not pf *']);
test('a fact of some buses goes with a pattern for them', reads, { bus: '[pc]*', vendor: '10de' }, [
  'bus [pc]*',
  'vendor 0x10de',
]);
test('a fact of one bus of a list can be asked', reads, { bus: ['platform', 'pci'], vendor: '10de' }, [
  'bus pci platform',
  'vendor 0x10de',
]);
test('a pattern that fits one bus of a fact will do', reads, { bus: 'pc*', vendor: '10de' }, [
  'bus pc*',
  'vendor 0x10de',
]);
test('facts of buses that overlap go together', reads, { vendor: '10de', slot: '1' }, [
  'vendor 0x10de',
  'slot 1',
]);
test('a negation is compared with its own fact only', reads, { bus: 'pci', not: { driver: 'p*' } }, [
  'bus pci',
  'not driver p*',
]);
test('a negation that leaves some is fine', reads, { not: { name: ['a*', '*b'] } }, ['not name *b a*']);
test('a bus that comes later may have any fact', reads, { bus: 'cxl', vendor: '10de' }, [
  'bus cxl',
  'vendor 0x10de',
]);
test('a pattern for buses that come later may have any fact', reads, { bus: 'cxl*', slot: '1' }, [
  'bus cxl*',
  'slot 1',
]);

const refuses = test.macro((t, raw: RawMatch, key: string, message: RegExp) => {
  const { complaints } = parseMatch(raw);
  t.is(complaints.length, 1, JSON.stringify(complaints));
  t.is(complaints[0]?.key, key);
  t.regex(complaints[0]?.message ?? '', message);
});

test(
  'a platform device has no vendor',
  refuses,
  { bus: 'platform', vendor: '10de' },
  'vendor',
  /bus platform have no vendor/,
);
test(
  'devices of two buses without the fact',
  refuses,
  { bus: ['platform', 'amba'], vendor: '10de' },
  'vendor',
  /^can't match: devices on bus amba, platform have no vendor, only those on pci, cdx$/,
);
test(
  'a value that no device has is told alone',
  refuses,
  { bus: 'platform', vendor: 'nvidia' },
  'vendor',
  /no device has it/,
);
test(
  'a PCI device has no mdev type',
  refuses,
  { bus: 'pci', mdevType: 'x' },
  'mdevType',
  /only those on mdev/,
);
test(
  'no device has a vendor and an mdev type',
  refuses,
  { vendor: '10de', mdevType: 'x' },
  'mdevType',
  /no device has both/,
);
test('a pattern of buses without the fact', refuses, { bus: 'pl*', slot: '1' }, 'slot', /no slot/);
test(
  'a negation of the same value',
  refuses,
  { bus: 'pci', not: { bus: 'p*' } },
  'not.bus',
  /refuses every bus/,
);
test(
  'a negation of what all devices have',
  refuses,
  { not: { bus: '*' } },
  'not.bus',
  /every device has a bus/,
);
test(
  'a negation of what all devices have, among others',
  refuses,
  { not: { name: ['gpu', '**'] } },
  'not.name',
  /every device has a name/,
);
test(
  'too many digits',
  refuses,
  { vendor: '0x10de1' },
  'vendor',
  /expected 4 hexadecimal digits such as 0x10de, found "0x10de1"/,
);
test('too few digits', refuses, { class: '0300' }, 'class', /6 hexadecimal digits/);
test('letters that no id has', refuses, { vendor: 'nvidia*' }, 'vendor', /no device has it/);
test(
  'a number where it would be read as decimal',
  refuses,
  { vendor: 4318 },
  'vendor',
  /in quotes, found the number 4318/,
);
test('a number with a leading zero', refuses, { group: '014' }, 'group', /IOMMU group/);
test(
  'a name on bus pci that is no address',
  refuses,
  { bus: 'pci', name: 'gpu' },
  'name',
  /PCI address such as/,
);
test('a function that is none', refuses, { function: 8 }, 'function', /0 to 7/);
test('a node that is none', refuses, { node: 'vfio' }, 'node', /vfio3/);
test('a bad pattern', refuses, { driver: 'a[' }, 'driver', /bad pattern "a\["/);
test('a bad pattern in a negation', refuses, { not: { driver: 'a|b' } }, 'not.driver', /write a list/);
test(
  'control characters are shown safely',
  refuses,
  { driver: 'a\u001b[2J' },
  'driver',
  /^bad pattern "a\\x1b\[2J"/,
);

test('every fact that a device can have can be matched by its own value', (t) => {
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
    path: 'pci0000_00-06.0-00.0-vf0',
    slot: '8-1',
    serial: 'a0-36-9f-ff-ff-12-34-56',
    label: 'NVIDIA Corporation GA102 (x)',
  };
  for (const [fact, value] of Object.entries(facts)) {
    const { match, complaints } = parseMatch({ [fact]: value });
    t.deepEqual(complaints, [], fact);
    t.true(matches(match, facts), fact);
  }
  const mdev = { ...facts, bus: 'mdev', mdevType: 'nvidia-256', mdevParent: '0000:00:02.0' };
  for (const fact of ['mdevType', 'mdevParent'] as const)
    t.true(matches(parseMatch({ [fact]: mdev[fact] }).match, mdev), fact);
  t.deepEqual([...matchFacts].sort(), [...Object.keys(facts), 'mdevType', 'mdevParent'].sort());
});
