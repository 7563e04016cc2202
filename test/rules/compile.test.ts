import test from 'ava';
import type { LinkRule, Policy } from '../../src/config/policy.ts';
import { compile } from '../../src/rules/compile.ts';
import { link, policyOf, source, unless, when } from './policies.ts';

const links = (...rules: LinkRule[]) => compile(policyOf({ links: rules })).links;

const pci = 'TEST=="/sys/bus/pci/devices/$id/vfio-dev/$kernel"';

test('a rule for one bus is one line, and all its keys speak of one parent', (t) => {
  const match = [when('bus', 'pci'), when('name', '0000:01:00.0', '0000:02:*'), when('driver', 'vfio-pci')];
  t.deepEqual(links(link(match, 'by-alias/gpu')), [
    `SUBSYSTEMS=="pci", KERNELS=="0000:01:00.0|0000:02:*", DRIVERS=="vfio-pci", ${pci}, SYMLINK+="vfio/by-alias/gpu"`,
  ]);
});

test('a rule without a bus is a line for each known one', (t) => {
  t.is(links(link([], 'by-x/', { fact: 'name' })).length, 6);
  t.is(links(link([unless('bus', 'pci', 'm*')], 'by-x/', { fact: 'name' })).length, 4);
});

test('a bus that is named exactly needs not be known', (t) => {
  t.regex(links(link([when('bus', 'ccw')], 'by-x/', { fact: 'name' }))[0] ?? '', /^SUBSYSTEMS=="ccw"/);
  t.deepEqual(links(link([when('bus', 'c?w')], 'by-x/', { fact: 'name' })), []);
});

test('a negated attribute holds for devices without it, too', (t) => {
  const lines = links(link([when('bus', 'pci'), unless('numaNode', '0')], 'by-x/', { fact: 'name' }));
  t.is(lines.length, 2);
  t.true(lines[0]?.includes('ATTRS{numa_node}!="0"'));
  t.true(lines[1]?.includes('TEST!="/sys/bus/pci/devices/$id/numa_node"'));
});

test('a fact in a name stands for devices that have it', (t) => {
  const [line] = links(link([when('bus', 'pci')], 'by-numa/', { fact: 'numaNode' }));
  t.true(line?.includes('ATTRS{numa_node}=="[0-9]*"'));
});

test('vfio_id runs once for all rules, and for the devices that their matches leave', (t) => {
  const { helper, links: lines } = compile(
    policyOf({
      links: [
        link([when('vendor', '0x8086')], 'by-sriov/', { fact: 'pf' }, '/vf', { fact: 'vf' }),
        link([when('bus', 'mdev')], 'by-type/', { fact: 'mdevType' }, '-', { fact: 'name' }),
      ],
    }),
  );
  t.is(helper.filter((line) => line.includes('IMPORT{program}')).length, 1);
  t.true(helper.at(-1)?.includes('--facts=pf,vf,mdevType '));
  t.is(helper.length, 3);
  t.true(helper[0]?.includes('ATTRS{vendor}=="0x8086"'));
  t.true(helper[0]?.includes('TEST=="/sys/bus/pci/devices/$id/physfn"'));
  t.true(lines[0]?.endsWith('SYMLINK+="vfio/by-sriov/$env{ID_VFIO_PF}/vf$env{ID_VFIO_VF}"'));
});

test('a negated fact of vfio_id holds only after vfio_id spoke', (t) => {
  const [line] = links(link([when('bus', 'pci'), unless('group', '7')], 'by-x/', { fact: 'name' }));
  t.true(line?.includes('ENV{.VFIO_NAMES}=="yes", ENV{ID_VFIO_GROUP}!="7"'));
});

test('a name that udev has no words for is asked from vfio_id as a whole', (t) => {
  const label = link([when('bus', 'pci')], 'by-label/', { fact: 'label' });
  const { helper, links: lines } = compile(policyOf({ links: [label, label] }));
  t.true(helper.at(-1)?.includes(`--facts= --link '1=by-label/{label}' '$devpath'`));
  t.deepEqual(lines, [
    `SUBSYSTEMS=="pci", ${pci}, ENV{ID_VFIO_LINK_1}=="?*", SYMLINK+="vfio/$env{ID_VFIO_LINK_1}"`,
  ]);
});

test('a transform that can change nothing costs nothing', (t) => {
  const apply = [
    { kind: 'lower' },
    { kind: 'pad', width: 4 },
    { kind: 'replace', from: 'z', to: '/' },
  ] as const;
  const [line] = links(link([when('bus', 'pci')], 'by-x/', { fact: 'vendor', apply }));
  t.true(line?.endsWith('SYMLINK+="vfio/by-x/$attr{vendor}"'));
  const [bus] = links(
    link([when('bus', 'pci')], 'by-x/', { fact: 'bus', apply: [{ kind: 'pad', width: 5 }] }),
  );
  t.true(bus?.endsWith('SYMLINK+="vfio/by-x/00pci"'));
});

test('the name without colons is udev’s own where no other bridge stands before it', (t) => {
  const apply = [
    { kind: 'replace', from: '.', to: '_' },
    { kind: 'replace', from: ':', to: '_' },
  ] as const;
  const { builtin, links: lines } = compile(
    policyOf({
      links: [link([when('bus', 'pci')], 'by-tag/', { fact: 'bus' }, '-', { fact: 'name', apply })],
    }),
  );
  t.is(builtin.length, 1);
  t.is(lines.length, 2);
  t.true(lines[0]?.endsWith('ENV{ID_PATH}=="pci-????:??:??.?", SYMLINK+="vfio/by-tag/$env{ID_PATH_TAG}"'));
  t.true(lines[1]?.includes('ENV{ID_PATH}!="pci-????:??:??.?", ENV{ID_VFIO_LINK_1}=="?*"'));
});

test('the highest priority of a device’s links comes last, since it counts for all of them', (t) => {
  const high = { ...link([when('bus', 'pci')], 'by-a/b'), priority: 9 };
  const low = { ...link([when('bus', 'pci')], 'by-b/b'), priority: -2 };
  const lines = links(high, low, link([when('bus', 'pci')], 'by-c/b'));
  t.deepEqual(
    lines.map((line) => /link_priority=(-?\d+)/.exec(line)?.[1]),
    ['-2', undefined, '9'],
  );
});

test('access for all devices is one line, also for buses that come later', (t) => {
  const { access, iommu } = compile(
    policyOf({ access: [{ match: [], group: 'kvm', mode: '0660', source }] }),
  );
  t.deepEqual(access, ['GROUP="kvm", MODE="0660"']);
  t.deepEqual(iommu, ['SUBSYSTEM=="misc", KERNEL=="iommu", GROUP="kvm", MODE="0660"']);
});

test('a match that no device with a node can fit gives no line', (t) => {
  t.deepEqual(links(link([when('cdev', 'no*')], 'by-x/', { fact: 'name' })), []);
  t.is(links(link([unless('cdev', 'no*')], 'by-x/', { fact: 'name' })).length, 6);
  t.deepEqual(links(link([when('bus', 'mdev'), when('pf', '*')], 'by-x/', { fact: 'name' })), []);
  t.deepEqual(links(link([when('bus', 'mdev'), when('function', '0')], 'by-x/y')), []);
  t.is(links(link([when('bus', 'mdev'), unless('function', '0')], 'by-x/y')).length, 1);
});

const refused = test.macro({
  exec(t, policy: Partial<Policy>, message: RegExp) {
    const error = t.throws(() => compile(policyOf(policy)), {
      name: 'VfioNamesError',
      code: 'policy',
      message,
    });
    t.notRegex(error?.message ?? '', /\n/);
  },
  title: (title) => `udev refuses ${title}`,
});

test(
  'a match on what the rules decide',
  refused,
  { links: [link([when('owner', '0')], 'by-x/y')] },
  /match on owner/,
);
test(
  'a name of what the rules decide',
  refused,
  { links: [link([], 'by-x/', { fact: 'mode' })] },
  /\{\{mode\}\}/,
);
test('a pattern with a quote', refused, { links: [link([when('name', 'a"b')], 'by-x/y')] }, /quote/);
test('a pattern with |', refused, { links: [link([when('name', 'a|b')], 'by-x/y')] }, /list/);
test('a set beyond ASCII', refused, { links: [link([when('name', '[é]')], 'by-x/y')] }, /ASCII/);
test(
  'a syspath that begins anywhere',
  refused,
  { links: [link([when('syspath', '*/sys/x')], 'by-x/y')] },
  /syspath/,
);
test('a bus of odd characters', refused, { links: [link([when('bus', 'a b')], 'by-x/y')] }, /the bus "a b"/);
test(
  'a group of odd characters',
  refused,
  { access: [{ match: [], group: 'a b', source }] },
  /user or group/,
);
test('a mode that is none', refused, { access: [{ match: [], mode: '999', source }] }, /octal/);
test('a text of 256 bytes', refused, { links: [link([], `by-x/${'a'.repeat(256)}`)] }, /255 bytes/);
test(
  'a line longer than udev reads',
  refused,
  {
    links: [
      link(
        [when('bus', 'pci'), when('name', ...Array.from({ length: 2000 }, (_, i) => `0000:01:${i}`))],
        'by-x/y',
      ),
    ],
  },
  /16000 bytes/,
);
