import test from 'ava';
import {
  bindProblems,
  bindRule,
  driverOfModule,
  fittingRules,
  takesVfsOf,
} from '../../../src/policy/bind.ts';
import type { Condition, Match } from '../../../src/policy/policy.ts';
import { source, unless, when } from '../../support/policies.ts';

const messages = (...match: Condition[]): string[] => bindProblems(match).map(({ message }) => message);

const tooWide = 'expected a match that selects devices, found one that fits every device of its bus';

for (const condition of [
  when('name', '0000:01:00.0'),
  when('name', '*:01:00.0', '*:02:00.?'),
  when('name', '*.[1-7]'),
  when('vendor', '0x10de'),
  when('subsystemVendor', '0x1*'),
  when('subsystemDevice', '0x1*'),
  when('class', '0x03*', '0x04*'),
  when('revision', '0x0*'),
  when('function', '0'),
  when('path', 'pci0000_00-02.0'),
  when('path', 'pci0000_00-1c.7-pci-00.0-*'),
  when('pf', '0000:01:00.0'),
  when('syspath', '/sys/devices/pci0000:00/*'),
  when('numaNode', '0'),
])
  test(`a rule for drivers may select devices by ${condition.fact} ${condition.patterns.join(' or ')}`, (t) => {
    t.deepEqual(bindProblems([condition]), []);
    t.deepEqual(bindProblems([unless('vendor', '0x8086'), condition, unless('class', '0x06*')]), []);
  });

for (const match of [
  [],
  [when('bus', 'pci')],
  [unless('vendor', '0x8086')],
  [when('name', '*')],
  [when('name', '0000:01:00.0', '*')],
  [when('name', '*:*:*.*')],
  [when('name', '????:*')],
  [when('name', '*.[0-7]')],
  [when('vendor', '0x*')],
  [when('device', '0x[0-7]*', '0x[89a-f]*')],
  [when('subsystemVendor', '0x????')],
  [when('subsystemDevice', '0x????')],
  [when('class', '0x0*')],
  [when('revision', '0x*')],
  [when('function', '[0-7]')],
  [when('syspath', '/sys/devices/*')],
] satisfies Match[])
  test(`a rule for drivers may not fit every device: ${JSON.stringify(match)}`, (t) => {
    t.deepEqual(messages(...match), [tooWide]);
  });

for (const path of [
  'pci0000_00',
  'pci000_00-02.0',
  'xpci0000_00-02.0',
  'pci0000_00-02.0x',
  'pci0000_00-02.8',
  'pci0000_00-2.0',
  'pci0000_00-0g.0',
  'pci0000_00-02.0-',
  'pci0000_00-02.0-*-*',
  'pci0000_00-02.0-vf3',
  'pci0000_00-02.0-pci',
  'pci*',
])
  test(`a rule for drivers rejects the path ${path}`, (t) => {
    t.deepEqual(bindProblems([when('path', 'pci0000_00-1c.0-00.0', path)]), [
      {
        key: ['path'],
        message: 'expected a whole path, or one that ends in -* for what is below a bridge',
        hint: 'match a VF by its pf or its name',
      },
    ]);
  });

test('a rule for drivers rejects the path of a VF, which has a pf', (t) => {
  const path = when('path', 'pci0000_00-02.0');
  t.deepEqual(
    bindProblems([path, when('pf', '0000:01:00.0')]).map(({ key }) => key),
    [['path']],
  );
  t.deepEqual(bindProblems([path, unless('pf', '0000:01:00.0')]), []);
});

test('a rule for drivers rejects a class of bridges only', (t) => {
  const bridges = 'expected devices, found the class of bridges, which VFIO does not bind';
  t.deepEqual(messages(when('class', '0x0604*', '0x06*')), [bridges]);
  t.deepEqual(messages(when('class', '0x0604*', '0x02*')), []);
  t.deepEqual(messages(when('vendor', '0x10de'), unless('class', '0x06*')), []);
  t.deepEqual(messages(when('device', '0x06*')), []);
});

test('a rule for drivers is for one bus that has driver_override', (t) => {
  const device = when('name', 'a');
  for (const bus of ['pci', 'platform', 'amba', 'fsl-mc', 'cdx'])
    t.deepEqual(messages(when('bus', bus), device), [], bus);
  const expected = 'expected one of pci, platform, amba, fsl-mc, cdx; found';
  t.deepEqual(messages(when('bus', 'mdev'), device), [`${expected} mdev`]);
  t.deepEqual(messages(when('bus', 'toString'), device), [`${expected} toString`]);
  t.deepEqual(messages(when('bus', 'pci', 'cdx'), device), [`${expected} pci, cdx`]);
  t.deepEqual(messages(unless('bus', 'pci'), device), [`${expected} not pci`]);
});

test('a rule for drivers rejects a fact that only a driver provides', (t) => {
  for (const [condition, key] of [
    [when('driver', 'x'), ['driver']],
    [unless('driver', 'x'), ['not', 'driver']],
  ] as const)
    t.deepEqual(bindProblems([condition, when('vendor', '0x10de')]), [
      {
        key,
        message: 'cannot be matched here: the driver of a device is not known before a driver has it',
        hint: 'match name, syspath, path, vendor, device, subsystemVendor, subsystemDevice, class, revision, numaNode, function, pf',
      },
    ]);
});

test('a rule without a driver has the VFIO driver of its bus', (t) => {
  for (const [bus, driver] of [
    ['pci', 'vfio-pci'],
    ['platform', 'vfio-platform'],
    ['amba', 'vfio-amba'],
    ['fsl-mc', 'vfio-fsl-mc'],
    ['cdx', 'vfio-cdx'],
  ] as const) {
    const match = [when('name', 'a'), when('bus', bus)];
    t.deepEqual(bindRule(match, undefined, source), { match, bus, driver, source });
    t.is(bindRule(match, 'auto', source).driver, bus === 'pci' ? 'auto' : driver);
    t.is(bindRule(match, 'other', source).driver, 'other');
  }
  t.like(bindRule([when('name', 'a')], undefined, source), { bus: 'pci', driver: 'vfio-pci' });
});

test('driverOfModule returns the driver whose module has the name', (t) => {
  t.is(driverOfModule('vfio_pci'), 'vfio-pci');
  t.is(driverOfModule('vfio_fsl_mc'), 'vfio-fsl-mc');
  for (const name of ['vfio-pci', 'vfio_fsl-mc', 'mlx5_vfio_pci', 'pci', ''])
    t.is(driverOfModule(name), undefined);
});

test('a rule that matches by pf alone takes every VF of that PF', (t) => {
  const takes = (pf: string, ...match: Condition[]): boolean =>
    takesVfsOf(bindRule(match, undefined, source), pf);
  const [first, second] = ['0000:01:00.0', '0000:02:00.0'];
  t.true(takes(first, when('bus', 'pci'), when('pf', first)));
  t.false(takes(second, when('bus', 'pci'), when('pf', first)));
  t.true(takes(second, when('pf', first, second)));
  t.true(takes(first, when('pf', '0000:*'), unless('pf', second)));
  t.false(takes(second, when('pf', '0000:*'), unless('pf', second)));
  t.false(takes(first, unless('pf', second)));
  t.false(takes(first, when('pf', first), when('vendor', '0x15b3')));
  t.false(takes(first, when('name', first)));
  t.false(takes(first));
});

test('fittingRules returns the rules that match, in their order', (t) => {
  const rules = ['a*', 'b', '*'].map((name) => bindRule([when('name', name)], undefined, source));
  const facts = { bus: 'pci', name: 'ab', syspath: '/sys/devices/ab', cdev: 'no' } as const;
  t.deepEqual(fittingRules(rules, facts), [rules[0], rules[2]]);
});
