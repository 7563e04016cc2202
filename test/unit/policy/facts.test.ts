import test from 'ava';
import type { FactName } from '../../../src/devices/types.ts';
import { completeAddress, completeUuid, factKinds } from '../../../src/policy/facts.ts';
import { parseMatch } from '../../../src/policy/match.ts';

const ids = 'hexadecimal digits such as';

/** For each fact: the description in messages, values and patterns that a device can have, and some that it cannot have. */
const table: Readonly<
  Partial<Record<FactName, readonly [expected: string, can: readonly string[], cannot: readonly string[]]>>
> = {
  bus: ['a bus such as pci', ['fsl-mc', 'p*'], ['a/b', 'a b', '/pci', 'pci/']],
  name: ['a device name', ['83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', 'lpss.0', 'a b'], []],
  node: [
    'a node such as vfio3',
    ['vfio3', 'vfio12', 'vfio1*'],
    ['vfio', 'xvfio3', 'vfio3x', 'noiommu-vfio3'],
  ],
  devnum: ['MAJOR:MINOR such as 247:3', ['247:3', '247:12'], ['247', '247:', 'a247:3', '247:3a', '247:a3']],
  syspath: [
    'a path that begins with /sys/devices/',
    ['/sys/devices/pci0000:00/0000:01:00.0', '/sys/bus/*'],
    ['/sys/bus/pci/devices/0000:01:00.0', '/mnt/sys/devices/x', '/sys/devices'],
  ],
  cdev: ['yes or no', ['yes', 'no'], ['no: the kernel', 'yes!', 'yes: no', 'eyes', 'noo']],
  driver: ['a driver such as vfio-pci', ['vfio-pci', 'vfio_*'], ['a/b', 'a b', '/vfio', 'vfio/']],
  group: [
    'the number of an IOMMU group such as 14',
    ['0', '14', '1*', '12?'],
    ['014', '-1', 'a*', '1*a', 'a1?'],
  ],
  groupNode: [
    'a group node such as /dev/vfio/14',
    ['/dev/vfio/14', '/dev/vfio/noiommu-3'],
    ['/dev/vfio/x', '/dev/vfio/', '/mnt/dev/vfio/14', '/dev/vfio/14x', '/dev/vfio/iommu-3'],
  ],
  vendor: [`4 ${ids} 0x10de`, ['0x10de', '10de', '0x1[0-9a-f]*', '*de'], ['10d', '10de1', '10dg', '10g*']],
  device: [`4 ${ids} 0x2204`, ['2204'], ['220']],
  subsystemVendor: [`4 ${ids} 0x10de`, ['10de'], ['10d']],
  subsystemDevice: [`4 ${ids} 0x1467`, ['1467'], ['146']],
  class: [`6 ${ids} 0x030000`, ['030000', '03*'], ['0300']],
  revision: [`2 ${ids} 0xa1`, ['a1'], ['a']],
  numaNode: ['the number of a NUMA node such as 0', ['0', '12'], ['01', 'x']],
  function: ['a PCI function from 0 to 7', ['0', '7'], ['8', '00', '10', 'x1', '1x']],
  pf: [
    'a PCI address such as 0000:01:00.0 or 01:00.0',
    ['0000:01:00.0', '01:00.0', '0000:0?:00.*'],
    ['gpu', '0000:01:00.8', 'g0*', '0*g', '0*g0'],
  ],
  vf: ['the index of a VF such as 0', ['0', '12'], ['01', 'x']],
  pfDriver: ['a driver such as ice', ['ice', 'mlx5_core', 'm*'], ['a/b', 'a b']],
  pfNet: ['a network interface such as enp1s0f0', ['enp1s0f0', 'en*'], ['a/b', 'a b']],
  path: [
    'a path such as pci0000_00-06.0-00.0',
    ['pci0000_00-06.0', 'pci10000_e1-06.7-pci-1f.0-vf12', 'pci0000_00-*'],
    [
      '0000_00-06.0',
      'xpci0000_00-06.0',
      'pci_00-06.0',
      'pci0000_00',
      'pci0000_00-06.8',
      'pci0000_00-06.0-vf',
      'pci0000_00-06.0 ',
      'pci0000_00-06.0-vf1-vf2',
    ],
  ],
  slot: ['text', ['8', '8-1', 'a b'], []],
  serial: [
    'a serial number such as a0-36-9f-ff-ff-12-34-56',
    ['a0-36-9f-ff-ff-12-34-56', 'A0-36-9F-FF-FF-12-34-56', 'A0*'],
    ['a0-36', 'xa0-36-9f-ff-ff-12-34-56', 'a0-36-9f-ff-ff-12-34-567', 'g0-36-9f-ff-ff-12-34-56'],
  ],
  mdevType: ['text', ['nvidia-256', 'A b'], []],
  mdevParent: ['a device name', ['0000:00:02.0', '00:02.0', 'mtty'], []],
  vgpuType: ['the number of a vGPU profile such as 1155', ['1155', '11*'], ['nvidia-1155', '01']],
  label: ['text', ['NVIDIA Corporation GA102 (x)', '*GA102*'], []],
};

test('the table of this test contains every fact that a policy may use', (t) => {
  t.deepEqual(Object.keys(table), Object.keys(factKinds));
});

for (const [fact, [expected, possible, impossible]] of Object.entries(table)) {
  test(`match accepts possible values of ${fact} and rejects impossible values`, (t) => {
    for (const value of possible) t.deepEqual(parseMatch({ [fact]: value }).errors, [], value);
    for (const value of impossible)
      t.deepEqual(parseMatch({ [fact]: value }).errors, [
        { key: fact, message: `expected ${expected}, found "${value}"` },
      ]);
  });
  test(`match rejects an empty value of ${fact}`, (t) => {
    t.deepEqual(parseMatch({ [fact]: '' }).errors, [
      { key: fact, message: 'bad pattern "": an empty text fits nothing' },
    ]);
  });
}

const numericFacts = ['group', 'numaNode', 'function', 'vf', 'slot', 'vgpuType'];

test('match accepts integers only for numeric facts', (t) => {
  for (const [fact, [expected]] of Object.entries(table)) {
    const error = (found: number) => [
      { key: fact, message: `expected ${expected} in quotes, found the number ${found}` },
    ];
    t.deepEqual(parseMatch({ [fact]: 3 }).errors, numericFacts.includes(fact) ? [] : error(3), fact);
    t.deepEqual(parseMatch({ [fact]: 1.5 }).errors, error(1.5), fact);
  }
});

test('match rejects a negated "*" only for facts that every device has', (t) => {
  const always = ['bus', 'name', 'node', 'devnum', 'syspath', 'cdev'];
  for (const fact of Object.keys(table))
    t.deepEqual(
      parseMatch({ not: { [fact]: '*' } }).errors,
      always.includes(fact)
        ? [{ key: `not.${fact}`, message: `cannot match: every device has a ${fact}` }]
        : [],
      fact,
    );
});

test('match accepts a fact only on the buses that have it', (t) => {
  const buses: Readonly<Record<string, readonly string[]>> = {
    ...Object.fromEntries(
      ['function', 'pf', 'vf', 'path', 'slot', 'serial', 'label', 'pfDriver', 'pfNet', 'vgpuType'].map(
        (fact) => [fact, ['pci']],
      ),
    ),
    ...Object.fromEntries(
      ['vendor', 'device', 'subsystemVendor', 'subsystemDevice', 'class', 'revision'].map((fact) => [
        fact,
        ['pci', 'cdx'],
      ]),
    ),
    mdevType: ['mdev'],
    mdevParent: ['mdev'],
  };
  for (const fact of Object.keys(table).filter((name) => name !== 'bus'))
    for (const bus of ['pci', 'platform', 'amba', 'mdev', 'fsl-mc', 'cdx', 'later']) {
      const { errors } = parseMatch({
        bus,
        [fact]: '*',
        ...(fact === 'name' && { name: '0000:01:00.0' }),
      });
      const busesWithFact = buses[fact];
      const accepted = bus === 'later' || busesWithFact === undefined || busesWithFact.includes(bus);
      t.deepEqual(
        errors.map(({ message }) => message),
        accepted
          ? []
          : [
              `cannot match: devices on bus ${bus} have no ${fact}, only those on ${busesWithFact.join(', ')}`,
            ],
      );
    }
});

const completes = test.macro({
  exec(t, text: string, expected: string) {
    t.is(completeAddress(text), expected);
  },
  title: (_, text, expected) =>
    text === expected
      ? `completeAddress leaves "${text}" unchanged`
      : `completeAddress converts ${text} to ${expected}`,
});

test(completes, '01:00.0', '*:01:00.0');
test(completes, '0A:1F.7', '*:0a:1f.7');
test(completes, '1:0.0', '*:01:00.0');
test(completes, '01:00', '*:01:00.*');
test(completes, '00000001:01:00.0', '0001:01:00.0');
test(completes, '00000000:C1:00.0', '0000:c1:00.0');
test(completes, '00000001:01:00.*', '0001:01:00.*');
test(completes, '0000000A:01:*', '000a:01:*');
test(completes, '0000:01:00.0', '0000:01:00.0');
test(completes, '10000:E1:00.0', '10000:e1:00.0');
test(completes, '01:00.*', '*:01:00.*');
test(completes, '0?:00.0', '*:0?:00.0');
test(completes, '*:01:00.0', '*:01:00.0');
test(completes, '0000:*', '0000:*');
test(completes, 'ff:01:00.0', '00ff:01:00.0');
test(completes, '80860F28:00', '80860F28:00');
test(completes, 'lpss.0', 'lpss.0');
test(completes, 'GPU', 'GPU');
test(completes, 'GPU 0A:1F.7', 'GPU 0A:1F.7');
test(completes, '0A:1F.7 GPU', '0A:1F.7 GPU');
test(completes, '', '');

test('completeUuid converts UUIDs to lower case and returns other text unchanged', (t) => {
  t.is(completeUuid('83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'), '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001');
  t.is(completeUuid('Mdev-1'), 'Mdev-1');
  for (const text of ['83B8F4F2-509F-382F-3C1E-E6BFE0FA10012', 'F83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'])
    t.is(completeUuid(text), text);
});
