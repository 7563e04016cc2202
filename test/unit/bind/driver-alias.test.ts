import test from 'ava';
import { bestDriver, parseDriverAliases, readDriverAliases } from '../../../src/bind/driver-alias.ts';
import type { Facts } from '../../../src/devices/types.ts';
import { bindRule } from '../../../src/policy/bind.ts';
import { parseMatch } from '../../../src/policy/match.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { policyOf, source } from '../../support/policies.ts';

const list = `# Aliases extracted from modules themselves.
alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core
alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci
alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci
alias vfio_pci:v00001AF4d00001041sv00001AF4sd00001100bc*sc*i* virtio_vfio_pci
alias vfio_pci:v00001AF4d00001041sv*sd*bc*sc*i* other_vfio_pci
alias vfio_pci:v00008086d*sv*sd*bc03sc80i* xe_vfio_pci
alias vfio_pci:v00008086d*sv*sd*bc03sc*i* bad name
`;

const device = (facts: Partial<Facts>): Facts => ({
  ...{ bus: 'pci', name: '0000:01:00.0', syspath: '/sys/devices/x', cdev: 'no' },
  ...facts,
});

test('bestDriver chooses the driver of the alias for the fewest devices', (t) => {
  const aliases = parseDriverAliases(list);
  const best = (facts: Partial<Facts>) => bestDriver(aliases, device(facts));
  t.is(best({ vendor: '0x15b3', device: '0x101e' }), 'mlx5_vfio_pci');
  t.is(best({ vendor: '0x15b3', device: '0x101d' }), 'vfio-pci');
  const net = { vendor: '0x1af4', device: '0x1041' };
  t.is(best(net), 'other_vfio_pci');
  t.is(best({ ...net, subsystemVendor: '0x1af4', subsystemDevice: '0x1100' }), 'virtio_vfio_pci');
  t.is(best({ vendor: '0x8086', class: '0x038000' }), 'xe-vfio-pci');
  t.is(best({ vendor: '0x8086', class: '0x030000' }), 'vfio-pci');
  t.is(best({ bus: 'platform' }), undefined);
});

test('readDriverAliases reads the list of the running kernel, and has only vfio-pci without one, and without a rule that needs it', (t) => {
  const root = fakeRoot(t);
  const { match } = parseMatch({ bus: 'pci', vendor: '15b3' });
  const auto = policyOf({ bindRules: [bindRule(match, 'auto', source)] });
  const only = [{ bus: 'pci', driver: 'vfio-pci' }];
  t.deepEqual(readDriverAliases(fakeFiles, root.dir, auto), only);
  root.write('/proc/sys/kernel/osrelease', '7.2.0-1-amd64\n');
  t.deepEqual(readDriverAliases(fakeFiles, root.dir, auto), only);
  root.write('/lib/modules/7.2.0-1-amd64/modules.alias', list);
  t.is(readDriverAliases(fakeFiles, root.dir, auto).length, 5);
  const named = policyOf({ bindRules: [bindRule(match, 'mlx5_vfio_pci', source)] });
  t.deepEqual(readDriverAliases(fakeFiles, root.dir, named), only);
  root.write('/proc/sys/kernel/osrelease', '7.2.0+.\n');
  root.write('/lib/modules/7.2.0+./modules.alias', list);
  t.is(readDriverAliases(fakeFiles, root.dir, auto).length, 5);
  for (const [release, file] of [
    ['../../etc', '/etc/modules.alias'],
    ['a/../../../etc', '/etc/modules.alias'],
    ['.7', '/lib/modules/.7/modules.alias'],
    ['a b', '/lib/modules/a b/modules.alias'],
    ['!a', '/lib/modules/!a/modules.alias'],
    ['a!', '/lib/modules/a!/modules.alias'],
  ] as const) {
    root.write('/lib/modules/a/x', '');
    root.write('/proc/sys/kernel/osrelease', `${release}\n`);
    root.write(file, list);
    t.deepEqual(readDriverAliases(fakeFiles, root.dir, auto), only, release);
  }
});

test('parseDriverAliases returns classes as patterns, and the same order for any order of the lines', (t) => {
  const lines = [
    'alias vfio_pci:v*d*sv*sd*bc03sc*i* display_vfio_pci',
    'alias vfio_pci:v*d*sv*sd*bc0Csc03i* usb_vfio_pci',
    'alias vfio_pci:v*d*sv*sd*bc0Csc03i30 xhci_vfio_pci',
    'alias vfio_pci:v00008086d*sv*sd*bc*sc*i* a_vfio_pci',
    'alias vfio_pci:v00008086d*sv*sd*bc*sc*i* b_vfio_pci',
    'alias vfio_pci:v00008086d00001234sv*sd*bc*sc*i* exact_vfio_pci',
    'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci',
  ];
  const aliases = parseDriverAliases(lines.join('\n'));
  t.deepEqual(parseDriverAliases([...lines].reverse().join('\n')), aliases);
  const classOf = Object.fromEntries(aliases.map((alias) => [alias.driver, alias.class]));
  t.like(classOf, { display_vfio_pci: '0x03*', usb_vfio_pci: '0x0c03*', xhci_vfio_pci: '0x0c0330' });
  t.is(aliases[0]?.driver, 'exact_vfio_pci');
  t.deepEqual(aliases.at(-1), { bus: 'pci', driver: 'vfio-pci' });
  const intel = aliases.filter(({ vendor, device }) => vendor !== undefined && device === undefined);
  t.deepEqual(
    intel.map(({ driver }) => driver),
    ['a_vfio_pci', 'b_vfio_pci'],
  );
});

test('parseDriverAliases returns the name of the driver where it is not that of the module', (t) => {
  const line = (module: string): string => `alias vfio_pci:v00008086d*sv*sd*bc*sc*i* ${module}`;
  for (const [module, driver] of [
    ['vfio_pci', 'vfio-pci'],
    ['xe_vfio_pci', 'xe-vfio-pci'],
    ['mlx5_vfio_pci', 'mlx5_vfio_pci'],
  ] as const)
    t.deepEqual(parseDriverAliases(line(module)), [
      { bus: 'pci', driver, vendor: '0x8086' },
      { bus: 'pci', driver: 'vfio-pci' },
    ]);
});
