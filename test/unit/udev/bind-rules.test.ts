import test from 'ava';
import fc from 'fast-check';
import { bestDriver, parseDriverAliases } from '../../../src/bind/driver-alias.ts';
import { pciPath } from '../../../src/devices/facts/path.ts';
import type { Facts } from '../../../src/devices/types.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { bindProblems, bindRule, fittingRules } from '../../../src/policy/bind.ts';
import { parseMatch } from '../../../src/policy/match.ts';
import { type BindRule, defaultPolicy } from '../../../src/policy/policy.ts';
import { renderBindRules } from '../../../src/udev/render.ts';
import { errorLine } from '../../support/error-line.ts';
import { golden } from '../../support/golden-rules.ts';
import { hostilePolicy } from '../../support/hostile-policies.ts';
import { policyOf, source, when } from '../../support/policies.ts';
import { linesRead, runUdevRules, type UdevDevice } from '../../support/udev-rules.ts';

const aliases = parseDriverAliases('alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n');

const rule = (match: object, driver?: string): BindRule =>
  bindRule(parseMatch({ bus: 'pci', ...match }).match, driver, source);

const render = (...bindRules: BindRule[]): string => renderBindRules(policyOf({ bindRules }), aliases) ?? '';

const nic: UdevDevice = {
  subsystem: 'pci',
  kernel: '0000:00:05.0',
  devpath: '/devices/pci0000:00/0000:00:05.0',
  attributes: {
    driver_override: '(null)',
    vendor: '0x8086',
    device: '0x10d3',
    class: '0x020000',
    numa_node: '-1',
  },
};

const byName = render(rule({ name: '0000:00:05.0' }));

const bound = [
  ['driver_override', 'vfio-pci'],
  ['[subsystem/pci]drivers_probe', '0000:00:05.0'],
];

test('the default policy has no rules for drivers', (t) => {
  t.is(renderBindRules(defaultPolicy, aliases), undefined);
});

test('the rules for drivers match the golden file', (t) => {
  golden(
    t,
    'bind.udev',
    render(
      rule({ name: '0000:00:05.0' }),
      rule({ vendor: '15b3', not: { numaNode: 1, subsystemVendor: '1028' } }, 'auto'),
      rule({ path: ['pci0000_00-06.0-00.0', 'pci0000_80-05.5-pci-02.0-*'], function: 0, class: '02*' }),
      rule({ pf: '0000:01:00.0' }, 'mlx5_vfio_pci'),
      rule({ bus: 'platform', syspath: '/sys/devices/platform/fff51000.ethernet' }),
    ),
  );
});

test('the rules set the override, load the module and probe, at an add event only', (t) => {
  t.deepEqual(runUdevRules(byName, 'add', nic), { written: bound, run: ['kmod load vfio-pci'] });
  for (const action of ['change', 'remove', 'bind', 'unbind'])
    t.deepEqual(runUdevRules(byName, action, nic), { written: [], run: [] });
});

test('the rules leave every device alone that has a driver, an override, a file of driverctl, or is a bridge, and all with vfio_names.bind=0', (t) => {
  const others: Partial<UdevDevice>[] = [
    { kernel: '0000:00:06.0' },
    { subsystem: 'platform' },
    { exists: ['driver'] },
    { exists: ['/etc/driverctl.d/pci-0000:00:05.0'] },
    { attributes: { ...nic.attributes, driver_override: 'pci-stub' } },
    { attributes: { ...nic.attributes, class: '0x060400' } },
    { attributes: { class: '0x020000' } },
    { commandLine: { 'vfio_names.bind': '0' } },
  ];
  for (const other of others)
    t.deepEqual(runUdevRules(byName, 'add', { ...nic, ...other }), { written: [], run: [] });
  const on = { ...nic, commandLine: { 'vfio_names.bind': '1' } };
  t.deepEqual(runUdevRules(byName, 'add', on).written, bound);
  // As kernels print no override for some buses.
  const empty = { ...nic, attributes: { ...nic.attributes, driver_override: '' } };
  t.deepEqual(runUdevRules(byName, 'add', empty).written, bound);
});

test('the rules for drivers begin with lines that end all events in which a device gets no driver, however large the policy is', (t) => {
  const text = render(
    ...Array.from({ length: 300 }, (_, index) => rule({ name: `0000:${index % 90}:00.0` })),
    rule({ pf: '0000:01:00.0' }),
  );
  const disk: UdevDevice = { ...nic, subsystem: 'block', kernel: 'sda' };
  for (const action of ['add', 'remove']) t.is(linesRead(text, action, disk).length, 1, action);
  for (const action of ['change', 'remove']) t.is(linesRead(text, action, nic).length, 3, action);
});

test('of several rules that fit, the last one decides', (t) => {
  const text = render(rule({ name: '0000:00:05.0' }, 'first'), rule({ vendor: '8086' }, 'second'));
  t.deepEqual(runUdevRules(text, 'add', nic).run, ['kmod load second']);
});

test('the rules for the best driver have no line for ids that the match excludes', (t) => {
  const drivers = (match: object): string[] =>
    [...render(rule(match, 'auto')).matchAll(/ATTR\{driver_override\}="([^"]+)"/g)].map(
      ([, driver = '']) => driver,
    );
  const both = ['mlx5_vfio_pci', 'vfio-pci'];
  for (const match of [
    { vendor: '15b3' },
    { vendor: ['8086', '15b3'] },
    { name: '*:01:00.0' },
    { name: '*:01:00.0', not: { vendor: '8086' } },
  ])
    t.deepEqual(drivers(match), both, JSON.stringify(match));
  for (const match of [
    { vendor: '8086' },
    { vendor: '15b3', device: '101d' },
    { name: '*:01:00.0', not: { vendor: '15b3' } },
    { name: '*:01:00.0', not: { vendor: ['8086', '15b3'] } },
  ])
    t.deepEqual(drivers(match), ['vfio-pci'], JSON.stringify(match));
});

test('no line of the rules for drivers is for a VF and not for a VF', (t) => {
  const text = render(rule({ pf: '0000:01:00.0', not: { path: 'pci0000_00-06.0-*' } }));
  const vfLines = text.split('\n').filter((line) => /PCI_SLOT_NAME/.test(line));
  t.is(vfLines.length, 1);
  t.false(vfLines[0]?.includes('TEST!="physfn"'));
});

test('a rule for all VFs but those of some PFs keeps drivers of the host from the others', (t) => {
  const text = render(rule({ pf: '*:00.0', not: { pf: '0000:02:00.0' } }));
  t.regex(text, /KERNEL=="\*:00\.0", KERNEL!="0000:02:00\.0", TEST=="sriov_drivers_autoprobe"/);
});

test('a match on the syspath is written without /sys, for patterns that udev can compare', (t) => {
  t.regex(render(rule({ syspath: '/sys/devices/pci0000:00/*' })), /DEVPATH=="\/devices\/pci0000:00\/\*"/);
  t.regex(render(rule({ syspath: '*/0000:01:00.0' })), /DEVPATH=="\*\/0000:01:00\.0"/);
  for (const pattern of ['/devices/x', '*/sys/devices/x', 'x/sys/devices/x', 'x*/y'])
    t.is(
      errorLine(
        t.throws(() => render(bindRule([when('syspath', pattern)], undefined, source)), {
          instanceOf: VfioNamesError,
        }),
      ),
      `udev cannot express the syspath pattern "${pattern}"; begin it with /sys/devices/ or */`,
    );
});

test('a driver with a name that no driver can have is an error', (t) => {
  t.is(
    errorLine(t.throws(() => render(rule({ name: 'a' }, 'a"b')), { instanceOf: VfioNamesError })),
    'udev cannot express the driver "a\\"b"; name a driver as /sys/bus/pci/drivers lists it',
  );
});

test('a rule for all VFs of a PF keeps drivers of the host from them; other rules do not', (t) => {
  const pf: UdevDevice = {
    ...nic,
    exists: ['driver'],
    attributes: { ...nic.attributes, sriov_drivers_autoprobe: '1' },
  };
  const vf: UdevDevice = {
    ...nic,
    kernel: '0000:00:05.1',
    exists: ['physfn'],
    attributes: {
      ...nic.attributes,
      'physfn/uevent':
        'DRIVER=igb\nPCI_CLASS=20000\nPCI_ID=8086:10D3\nPCI_SUBSYS_ID=0:0\nPCI_SLOT_NAME=0000:00:05.0\nMODALIAS=pci:v',
    },
  };
  const text = render(rule({ pf: '00:05.0' }));
  t.deepEqual(runUdevRules(text, 'add', pf).written, [['sriov_drivers_autoprobe', '0']]);
  t.deepEqual(runUdevRules(text, 'add', { ...pf, kernel: '0000:00:06.0' }).written, []);
  t.is(runUdevRules(text, 'add', vf).written.length, 2);
  t.is(runUdevRules(text, 'change', vf).written.length, 2);
  t.is(runUdevRules(text, 'change', { ...vf, exists: ['physfn', 'driver'] }).written.length, 0);
  t.is(runUdevRules(text, 'change', { ...vf, properties: { SYNTH_UUID: '0' } }).written.length, 0);
  t.is(runUdevRules(render(rule({ pf: '00:05.1' })), 'add', vf).written.length, 0);
  for (const match of [{ name: '00:05.1' }, { pf: '00:05.0', device: '10d3' }, { vendor: '8086' }])
    t.notRegex(render(rule(match)), /sriov_drivers_autoprobe/);
});

/** Devices whose facts are computed here in another way than by the rules. */
const machine = fc.record({
  parents: fc.array(fc.constantFrom('0000:00:06.0', '0000:01:00.0', '0000:02:00.1'), { maxLength: 2 }),
  vmd: fc.boolean(),
  slot: fc.constantFrom('00.0', '01.0', '06.0', '00.1'),
  vendor: fc.constantFrom('0x15b3', '0x8086'),
  device: fc.constantFrom('0x101e', '0x10d3'),
  numaNode: fc.constantFrom('-1', '0', '1', undefined),
  pf: fc.constantFrom('0000:01:00.0', '0000:02:00.0', undefined),
});

interface Built {
  readonly udev: UdevDevice;
  readonly facts: Facts;
}

function build(parts: typeof machine extends fc.Arbitrary<infer T> ? T : never): Built {
  const domain = parts.vmd ? '10000' : '0000';
  const kernel = `${domain}:05:${parts.slot}`;
  const bridges = parts.parents.map((name) => (parts.vmd ? `1${name}` : name));
  const host = parts.vmd ? 'pci0000:80/0000:80:05.5/pci10000:00' : 'pci0000:00';
  const devpath = `/devices/${[host, ...bridges, kernel].join('/')}`;
  const { vendor, device, numaNode, pf } = parts;
  const attributes = {
    ...{ driver_override: '(null)', vendor, device, class: '0x020000', subsystem_vendor: '0x1028' },
    ...(numaNode !== undefined && { numa_node: numaNode }),
    ...(pf !== undefined && { 'physfn/uevent': `DRIVER=x\nPCI_SLOT_NAME=${pf}\nMODALIAS=pci:` }),
  };
  const path = pf === undefined ? pciPath(`/sys${devpath}`) : undefined;
  return {
    udev: { subsystem: 'pci', kernel, devpath, attributes, exists: pf === undefined ? [] : ['physfn'] },
    facts: {
      ...{ bus: 'pci', name: kernel, syspath: `/sys${devpath}`, cdev: 'no', vendor, device },
      ...{ class: '0x020000', subsystemVendor: '0x1028', function: kernel.slice(-1) },
      ...(numaNode !== undefined && numaNode !== '-1' && { numaNode }),
      ...(pf !== undefined && { pf }),
      ...(path !== undefined && { path }),
    },
  };
}

const values: Readonly<Record<string, readonly (string | number)[]>> = {
  name: ['05:00.0', '0000:05:*', '*:05:01.0', '10000:*'],
  syspath: ['/sys/devices/pci0000:00/*', '/sys/devices/pci0000:80/*'],
  path: [
    ...['pci0000_00-00.0', 'pci0000_00-06.0-00.0', 'pci0000_00-06.0-*', 'pci0000_00-*', 'pci0000_00-00.0-*'],
    ...['pci0000_80-05.5-pci-06.0-00.0', 'pci0000_80-05.5-pci-*', 'pci0000_80-*'],
  ],
  vendor: ['15b3', '8086', '0x80*'],
  device: ['101e', '10d3'],
  class: ['020000', '02*'],
  subsystemVendor: ['1028', '1029'],
  numaNode: [0, 1, '*'],
  function: [0, 1],
  pf: ['01:00.0', '0000:02:00.0', '0000:0[12]:00.0'],
};

const conditions = fc
  .array(
    fc.constantFrom(...Object.keys(values)).chain((fact) =>
      fc.record({
        fact: fc.constant(fact),
        given: fc.subarray([...(values[fact] ?? [])], { minLength: 1, maxLength: 2 }),
      }),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((list) => Object.fromEntries(list.map(({ fact, given }) => [fact, given])));

const randomRule = fc
  .record({
    match: conditions,
    not: fc.option(conditions, { nil: undefined }),
    driver: fc.constantFrom(undefined, 'auto', 'a'),
  })
  .map(({ match, not, driver }) => ({
    parsed: parseMatch({ bus: 'pci', ...match, ...(not && { not }) }),
    driver,
  }))
  .filter(({ parsed }) => parsed.errors.length === 0 && bindProblems(parsed.match).length === 0)
  .map(({ parsed, driver }) => bindRule(parsed.match, driver, source));

test('for any rules and device, the rules of udev choose the driver that the policy says', (t) => {
  let chosen = 0;
  fc.assert(
    fc.property(fc.array(randomRule, { minLength: 1, maxLength: 3 }), machine, (bindRules, parts) => {
      const { udev, facts } = build(parts);
      const found = fittingRules(bindRules, facts).at(-1);
      const wanted = found?.driver === 'auto' ? bestDriver(aliases, facts) : found?.driver;
      const { written } = runUdevRules(render(...bindRules), 'add', udev);
      if (wanted !== undefined) chosen++;
      return new Map(written).get('driver_override') === wanted;
    }),
    { numRuns: 1000 },
  );
  t.true(chosen > 20);
});

test('for any rules and VF, the rules of udev choose its driver before or after the kernel has linked the VF to its PF', (t) => {
  let late = 0;
  fc.assert(
    fc.property(fc.array(randomRule, { minLength: 1, maxLength: 3 }), machine, (bindRules, parts) => {
      const { udev, facts } = build({ ...parts, pf: parts.pf ?? '0000:01:00.0' });
      const found = fittingRules(bindRules, facts).at(-1);
      const wanted = found?.driver === 'auto' ? bestDriver(aliases, facts) : found?.driver;
      const text = render(...bindRules);
      const { 'physfn/uevent': _, ...attributes } = udev.attributes;
      const early = { ...udev, exists: [], attributes: { ...attributes, sriov_vf_msix_count: '' } };
      const atAdd = runUdevRules(text, 'add', early).written;
      const atChange = atAdd.length > 0 ? [] : runUdevRules(text, 'change', udev).written;
      if (atChange.length > 0) late++;
      const first = new Map(atAdd).get('driver_override');
      const second = new Map(atChange).get('driver_override');
      return (first ?? second) === wanted;
    }),
    { numRuns: 1000 },
  );
  t.true(late > 10);
});

const line =
  /^(?:(?:ACTION|SUBSYSTEM|KERNEL|DEVPATH|TEST|IMPORT\{cmdline\}|ENV\{(?:vfio_names\.bind|SYNTH_UUID)\}|ATTR\{(?:\[subsystem\/[a-z-]+\])?[a-z_/]+\}|RUN\{builtin\}|GOTO|LABEL)(?:==|!=|\+=|=)"[^"\x00-\x1f\x7f]*"(?:, |$))+$/;

test('no policy text escapes its string in the rules for drivers', (t) => {
  let rendered = 0;
  fc.assert(
    fc.property(hostilePolicy, (policy) => {
      let text: string;
      try {
        text = renderBindRules(policy, aliases) ?? '';
      } catch (error) {
        return error instanceof VfioNamesError && error.status === 2 && !errorLine(error).includes('\n');
      }
      if (text !== '') rendered++;
      return text
        .split('\n')
        .filter((one) => one !== '' && !one.startsWith('# '))
        .every((one) => line.test(one) && /RUN\{builtin\}\+="(?!kmod load [\w-]+")/.test(one) === false);
    }),
    { numRuns: 400 },
  );
  t.true(rendered > 5);
});
