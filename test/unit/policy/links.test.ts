import test from 'ava';
import fc from 'fast-check';
import { parseWithoutProcessing } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import type { Device, Facts } from '../../../src/devices/types.ts';
import { claimsOf, resolveClaims } from '../../../src/names/claims.ts';
import { aliasRule, booleanFamilies, familyRule } from '../../../src/policy/families.ts';
import { nameFacts, policyAliases, policyFacts, policyNames } from '../../../src/policy/links.ts';
import { type Condition, defaultPolicy, type LinkRule, type Policy } from '../../../src/policy/policy.ts';
import { parseTemplate } from '../../../src/policy/template.ts';
import { unless, when } from '../../support/policies.ts';

const source = { file: '/etc/vfio-names/a.toml', line: 1 };

const vf: Facts = {
  bus: 'pci',
  name: '0000:01:10.2',
  syspath: '/sys/devices/pci0000:00/0000:00:06.0/0000:01:10.2',
  cdev: 'yes',
  group: '14',
  pf: '0000:01:00.0',
  vf: '3',
  function: '2',
  path: 'pci0000_00-06.0-00.0-vf3',
  slot: '8',
  serial: 'a0-36-9f-ff-ff-12-34-56',
};

function policyOf(linkRules: readonly LinkRule[]): Policy {
  return { ...defaultPolicy, linkRules };
}

test('the default policy adds no names and needs no facts', (t) => {
  t.deepEqual(policyNames(defaultPolicy, vf), []);
  t.deepEqual([...policyFacts(defaultPolicy)], []);
});

test('policyNames returns the names of each family', (t) => {
  const policy = policyOf(booleanFamilies.map((family) => familyRule(family, source)));
  t.deepEqual(
    policyNames(policy, vf).map(({ path }) => path),
    [
      'by-group/14/pci-0000:01:10.2',
      'by-path/pci0000_00-06.0-00.0-vf3',
      'by-serial/a0-36-9f-ff-ff-12-34-56.2',
      'by-slot/8.2',
      'by-sriov/0000:01:00.0/vf3',
      'by-tag/pci-0000_01_10_2',
    ],
  );
});

test('by-tag and by-group name devices on every bus, other families only PCI devices', (t) => {
  const policy = policyOf(booleanFamilies.map((family) => familyRule(family, source)));
  const mdev: Facts = { ...vf, bus: 'mdev', name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' };
  t.deepEqual(
    policyNames(policy, mdev).map(({ path }) => path),
    [
      'by-group/14/mdev-83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
      'by-tag/mdev-83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
    ],
  );
});

const byHand: Readonly<Record<(typeof booleanFamilies)[number], string>> = {
  'by-tag': 'by-tag/{{bus}}-{{replace (replace name ":" "_") "." "_"}}',
  'by-path': 'by-path/{{path}}',
  'by-sriov': 'by-sriov/{{pf}}/vf{{vf}}',
  'by-group': 'by-group/{{group}}/{{bus}}-{{name}}',
  'by-slot': 'by-slot/{{slot}}.{{function}}',
  'by-serial': 'by-serial/{{serial}}.{{function}}',
};

for (const family of booleanFamilies)
  test(`family ${family} is the same as the rule ${byHand[family]}`, (t) => {
    t.deepEqual(parseTemplate(parseWithoutProcessing(byHand[family]).body), {
      parts: familyRule(family, source).template,
    });
  });

test('by-tag and by-group have no conditions, other families match bus pci', (t) => {
  const matches = booleanFamilies.map((family) => [family, familyRule(family, source).match.length]);
  t.deepEqual(Object.fromEntries(matches), {
    'by-tag': 0,
    'by-path': 1,
    'by-sriov': 1,
    'by-group': 0,
    'by-slot': 1,
    'by-serial': 1,
  });
});

test('by-alias gives its name to the device that matches', (t) => {
  const alias = aliasRule('gpu', [{ fact: 'name', negate: false, patterns: ['0000:01:10.2'] }], source);
  t.is(alias.family, 'by-alias');
  t.deepEqual(policyNames(policyOf([alias]), vf), [{ path: 'by-alias/gpu', priority: 0 }]);
  t.deepEqual(policyNames(policyOf([alias]), { ...vf, name: '0000:01:10.3' }), []);
});

test('policyNames skips a rule with a fact that the device does not have', (t) => {
  const { serial: _, ...plain } = vf;
  t.deepEqual(policyNames(policyOf([familyRule('by-serial', source)]), plain), []);
});

test('policyNames returns a name of two rules once, with the higher priority', (t) => {
  const rule: LinkRule = { match: [], template: [{ text: 'by-x/a' }], priority: 3, source };
  t.deepEqual(policyNames(policyOf([rule, { ...rule, priority: 9 }, { ...rule, priority: -1 }]), vf), [
    { path: 'by-x/a', priority: 9 },
  ]);
});

test('policyFacts returns the facts of names and matches', (t) => {
  const policy: Policy = {
    ...policyOf([
      familyRule('by-sriov', source),
      aliasRule('a', [{ fact: 'serial', negate: true, patterns: ['x'] }], source),
    ]),
    accessRules: [{ match: [{ fact: 'driver', negate: false, patterns: ['x'] }], fileGroup: 'kvm', source }],
  };
  t.deepEqual([...nameFacts(policy)].sort(), ['bus', 'pf', 'serial', 'vf']);
  t.deepEqual([...policyFacts(policy)].sort(), ['bus', 'driver', 'pf', 'serial', 'vf']);
});

/** The alias `by-alias/a` of a rule with these conditions, without what is the same for all. */
function aliasOf(...match: Condition[]): { readonly target?: string; readonly device?: string | undefined } {
  const [alias, ...others] = policyAliases(policyOf([aliasRule('a', match, source)]));
  if (alias?.link !== 'by-alias/a' || others.length > 0) throw new Error('expected one alias by-alias/a');
  return { target: alias.target, device: alias.device };
}

test('an alias whose rule gives the whole name of a device stands for that device', (t) => {
  for (const name of ['0000:01:00.0', 'fff51000.ethernet'])
    t.deepEqual(aliasOf(when('name', name)), { target: name, device: name });
  t.deepEqual(aliasOf(when('name', '*:01:00.0')), { target: '01:00.0', device: '01:00.0' });
  t.deepEqual(aliasOf(when('bus', 'pci'), when('name', '*:01:00.0'), unless('name', 'x')), {
    target: '01:00.0',
    device: '01:00.0',
  });
});

test('any other alias stands for a device with what its rule matches', (t) => {
  for (const [match, text] of [
    [[when('vendor', '0x10de')], 'vendor 0x10de'],
    [[when('vendor', '1', '2', '3')], 'vendor 1 or 2 or 3'],
    [[when('vendor', '1', '2', '3', '4')], 'vendor 1 or 2 or 3 or ...'],
    [[when('bus', 'pci'), unless('class', '0x03*')], 'bus pci, not class 0x03*'],
    [[when('name', '0000:01:00.?')], 'name 0000:01:00.?'],
    [[when('name', '0000:01:00.[01]')], 'name 0000:01:00.[01]'],
    [[when('name', '0000:*')], 'name 0000:*'],
    [[when('name', '*:*')], 'name *:*'],
    [[when('name', '*:')], 'name *:'],
    [[when('name', 'a', 'b')], 'name a or b'],
    [[when('name', 'a'), when('name', 'b')], 'name a, name b'],
    [[unless('name', 'a')], 'not name a'],
  ] as const)
    t.deepEqual(aliasOf(...match), { target: `a device with ${text}`, device: undefined }, text);
});

test('policyAliases returns each alias with its place, and no name of another family', (t) => {
  const [first, second] = [source, { ...source, line: 2 }];
  const policy = policyOf([
    familyRule('by-tag', source),
    aliasRule('b', [when('vendor', 'x')], first),
    aliasRule('a', [when('name', 'y')], second),
    { match: [], template: [{ text: 'by-x/a' }], priority: 0, source },
    { ...aliasRule('c', [], source), template: [{ fact: 'name' }] },
    { ...aliasRule('d', [], source), template: [] },
  ]);
  t.deepEqual(policyAliases(policy), [
    { link: 'by-alias/b', target: 'a device with vendor x', source: first },
    { link: 'by-alias/a', target: 'y', device: 'y', source: second },
  ]);
});

test('the winner of a policy name does not depend on the order of rules or devices', (t) => {
  const rule = fc.record({
    match: fc.constantFrom<LinkRule['match']>(
      [],
      [{ fact: 'vendor', negate: false, patterns: ['a'] }],
      [{ fact: 'vendor', negate: true, patterns: ['a'] }],
    ),
    template: fc.constantFrom<LinkRule['template']>(
      [{ text: 'by-x/a' }],
      [{ text: 'by-x/' }, { fact: 'vendor' }],
      [{ text: 'by-x/a/b' }],
      [{ text: 'by-y/' }, { fact: 'name' }],
    ),
    priority: fc.integer({ min: -1, max: 1 }),
    source: fc.constant(source),
  });
  const device = fc.tuple(fc.nat(3), fc.constantFrom('a', 'b', 'c'));
  const shuffled = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  const wanted = (rules: readonly LinkRule[], devices: readonly (readonly [Device, string])[]) => {
    const vendors = new Map(devices.map(([{ sysname }, vendor]) => [sysname, vendor]));
    const policy = policyOf(rules);
    const { winners: links, conflicts } = resolveClaims(
      claimsOf(
        devices.map(([found]) => found),
        ({ bus, name, syspath, sysname }) =>
          policyNames(policy, { bus, name, syspath, cdev: 'yes', vendor: vendors.get(sysname) ?? '' }),
      ),
    );
    return JSON.stringify([
      [...links]
        .map(
          ([
            link,
            {
              device: { name },
            },
          ]) => [link, name],
        )
        .sort(),
      conflicts.map(({ link, winner }) => [link, winner?.name]),
    ]);
  };
  const machine = (chosen: readonly (readonly [number, string])[]): (readonly [Device, string])[] =>
    chosen.map(([slot, vendor], index) => [
      {
        bus: 'pci',
        name: `0000:0${slot}:00.${index}`,
        sysname: `vfio${index}`,
        devnum: `247:${index}`,
        syspath: `/sys/devices/pci0000:00/0000:0${slot}:00.${index}`,
      },
      vendor,
    ]);
  fc.assert(
    fc.property(
      fc
        .tuple(fc.array(rule, { maxLength: 5 }), fc.array(device, { maxLength: 4 }).map(machine))
        .chain(([rules, devices]) =>
          fc.tuple(fc.constant(rules), shuffled(rules), fc.constant(devices), shuffled(devices)),
        ),
      ([rules, otherRules, devices, otherDevices]) =>
        wanted(rules, devices) === wanted(otherRules, otherDevices),
    ),
    { numRuns: 500 },
  );
  t.pass();
});
