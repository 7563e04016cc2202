import test from 'ava';
import type { LinkRule, Policy } from '../../../src/policy/policy.ts';
import { compileUdev } from '../../../src/udev/compile.ts';
import { errorLine } from '../../support/error-line.ts';
import { link, policyOf, source, unless, when } from '../../support/policies.ts';

const links = (...rules: LinkRule[]) => compileUdev(policyOf({ linkRules: rules })).links;

const pci = 'TEST=="/sys/bus/pci/devices/$id/vfio-dev/$kernel"';

test('udev rules: a link rule for one bus is one line with keys on one parent', (t) => {
  const match = [when('bus', 'pci'), when('name', '0000:01:00.0', '0000:02:*'), when('driver', 'vfio-pci')];
  t.deepEqual(links(link(match, 'by-alias/gpu')), [
    `SUBSYSTEMS=="pci", KERNELS=="0000:01:00.0|0000:02:*", DRIVERS=="vfio-pci", ${pci}, SYMLINK+="vfio/by-alias/gpu"`,
  ]);
});

test('udev rules: a link rule without a bus has a line for each known bus', (t) => {
  t.is(links(link([], 'by-x/', { fact: 'name' })).length, 6);
  t.is(links(link([unless('bus', 'pci', 'm*')], 'by-x/', { fact: 'name' })).length, 4);
});

test('udev rules: an exact bus does not have to be known', (t) => {
  t.regex(links(link([when('bus', 'ccw')], 'by-x/', { fact: 'name' }))[0] ?? '', /^SUBSYSTEMS=="ccw"/);
  t.deepEqual(links(link([when('bus', 'c?w')], 'by-x/', { fact: 'name' })), []);
});

test('udev rules: a negated attribute also matches devices without the attribute', (t) => {
  const lines = links(link([when('bus', 'pci'), unless('numaNode', '0')], 'by-x/', { fact: 'name' }));
  t.is(lines.length, 2);
  t.true(lines[0]?.includes('ATTRS{numa_node}!="0"'));
  t.true(lines[1]?.includes('TEST!="/sys/bus/pci/devices/$id/numa_node"'));
});

test('udev rules: a name with a fact matches only devices that have the fact', (t) => {
  const [line] = links(link([when('bus', 'pci')], 'by-numa/', { fact: 'numaNode' }));
  t.true(line?.includes('ATTRS{numa_node}=="[0-9]*"'));
});

test('udev rules: vfio_id runs once for all rules, for the devices that the matches select', (t) => {
  const { helper, links: lines } = compileUdev(
    policyOf({
      linkRules: [
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

test('udev rules: a negated fact of vfio_id matches only after vfio_id ran', (t) => {
  const [line] = links(link([when('bus', 'pci'), unless('group', '7')], 'by-x/', { fact: 'name' }));
  t.true(line?.includes('ENV{.VFIO_NAMES}=="yes", ENV{ID_VFIO_GROUP}!="7"'));
});

test('udev rules: a name that udev cannot express is requested from vfio_id', (t) => {
  const label = link([when('bus', 'pci')], 'by-label/', { fact: 'label' });
  const { helper, links: lines } = compileUdev(policyOf({ linkRules: [label, label] }));
  t.true(helper.at(-1)?.includes(`--facts= --link '1=by-label/{label}' '$devpath'`));
  t.deepEqual(lines, [
    `SUBSYSTEMS=="pci", ${pci}, ENV{ID_VFIO_LINK_1}=="?*", SYMLINK+="vfio/$env{ID_VFIO_LINK_1}"`,
  ]);
});

test('udev rules: a transform without effect does not need vfio_id', (t) => {
  const apply = [
    { transform: 'lower' },
    { transform: 'pad', width: 4 },
    { transform: 'replace', from: 'z', to: '/' },
  ] as const;
  const [line] = links(link([when('bus', 'pci')], 'by-x/', { fact: 'vendor', apply }));
  t.true(line?.endsWith('SYMLINK+="vfio/by-x/$attr{vendor}"'));
  const [bus] = links(
    link([when('bus', 'pci')], 'by-x/', { fact: 'bus', apply: [{ transform: 'pad', width: 5 }] }),
  );
  t.true(bus?.endsWith('SYMLINK+="vfio/by-x/00pci"'));
});

test('udev rules: by-tag uses ID_PATH_TAG for devices without a second host bridge', (t) => {
  const apply = [
    { transform: 'replace', from: '.', to: '_' },
    { transform: 'replace', from: ':', to: '_' },
  ] as const;
  const { builtin, links: lines } = compileUdev(
    policyOf({
      linkRules: [link([when('bus', 'pci')], 'by-tag/', { fact: 'bus' }, '-', { fact: 'name', apply })],
    }),
  );
  t.is(builtin.length, 1);
  t.is(lines.length, 2);
  t.true(lines[0]?.endsWith('ENV{ID_PATH}=="pci-????:??:??.?", SYMLINK+="vfio/by-tag/$env{ID_PATH_TAG}"'));
  t.true(lines[1]?.includes('ENV{ID_PATH}!="pci-????:??:??.?", ENV{ID_VFIO_LINK_1}=="?*"'));
});

test('udev rules: lines are sorted by link priority, since the last one applies to all links of a device', (t) => {
  const high = { ...link([when('bus', 'pci')], 'by-a/b'), priority: 9 };
  const low = { ...link([when('bus', 'pci')], 'by-b/b'), priority: -2 };
  const lines = links(high, low, link([when('bus', 'pci')], 'by-c/b'));
  t.deepEqual(
    lines.map((line) => /link_priority=(-?\d+)/.exec(line)?.[1]),
    ['-2', undefined, '9'],
  );
});

test('udev rules: access for all devices is one line for any bus', (t) => {
  const { access, iommu } = compileUdev(
    policyOf({ accessRules: [{ match: [], fileGroup: 'kvm', mode: '0660', source }] }),
  );
  t.deepEqual(access, ['GROUP="kvm", MODE="0660", ENV{ID_VFIO_ACCESS}="policy"']);
  t.deepEqual(iommu, ['SUBSYSTEM=="misc", GROUP="kvm", MODE="0660", ENV{ID_VFIO_ACCESS}="policy"']);
});

test('udev rules: what a rule gave at an earlier event is taken back first, also if the policy has no access', (t) => {
  t.deepEqual(compileUdev(policyOf({})).withdraw, [
    'IMPORT{db}="ID_VFIO_ACCESS"',
    'ENV{ID_VFIO_ACCESS}=="?*", OWNER="root", GROUP="root", MODE="0600"',
    'ENV{ID_VFIO_ACCESS}=="?*", SUBSYSTEM=="misc", MODE="0660"',
    'ENV{ID_VFIO_ACCESS}=""',
  ]);
});

test('udev rules: a group without a mode gives 0660, unless another rule that matches has a mode', (t) => {
  const modes = (...rules: readonly { readonly fileGroup?: string; readonly mode?: string }[]): string[] =>
    compileUdev(policyOf({ accessRules: rules.map((rule) => ({ match: [], source, ...rule })) })).access.map(
      (line) => line.replace(/, ENV.*/, ''),
    );
  t.deepEqual(modes({ fileGroup: 'kvm' }), ['GROUP="kvm", MODE="0660"']);
  t.deepEqual(modes({ fileGroup: 'kvm' }, { mode: '0640' }), ['GROUP="kvm", MODE="0660"', 'MODE="0640"']);
  t.deepEqual(modes({ mode: '0640' }, { fileGroup: 'kvm' }), ['MODE="0660"', 'MODE="0640"', 'GROUP="kvm"']);
});

test('udev rules: a match that no device with a node can satisfy gives no line', (t) => {
  t.deepEqual(links(link([when('cdev', 'no*')], 'by-x/', { fact: 'name' })), []);
  t.is(links(link([unless('cdev', 'no*')], 'by-x/', { fact: 'name' })).length, 6);
  t.deepEqual(links(link([when('bus', 'mdev'), when('pf', '*')], 'by-x/', { fact: 'name' })), []);
  t.deepEqual(links(link([when('bus', 'mdev'), when('function', '0')], 'by-x/y')), []);
  t.is(links(link([when('bus', 'mdev'), unless('function', '0')], 'by-x/y')).length, 1);
});

const rejects = test.macro({
  exec(t, policy: Partial<Policy>, message: RegExp) {
    const error = t.throws(() => compileUdev(policyOf(policy)), {
      name: 'VfioNamesError',
      code: 'policy',
    });
    t.regex(errorLine(error), message);
    t.notRegex(errorLine(error), /\n/);
  },
  title: (title) => `udev rules: compile rejects ${title}`,
});

test(
  'a match on a fact that the rules set',
  rejects,
  { linkRules: [link([when('owner', '0')], 'by-x/y')] },
  /match on owner/,
);
test(
  'a name with a fact that the rules set',
  rejects,
  { linkRules: [link([], 'by-x/', { fact: 'mode' })] },
  /\{\{mode\}\}/,
);
test('a pattern with a quote', rejects, { linkRules: [link([when('name', 'a"b')], 'by-x/y')] }, /quote/);
test('a pattern with |', rejects, { linkRules: [link([when('name', 'a|b')], 'by-x/y')] }, /list/);
test(
  'a set with non-ASCII characters',
  rejects,
  { linkRules: [link([when('name', '[é]')], 'by-x/y')] },
  /ASCII/,
);
test(
  'a syspath pattern without a fixed beginning',
  rejects,
  { linkRules: [link([when('syspath', '*/sys/x')], 'by-x/y')] },
  /syspath/,
);
test(
  'a bus with invalid characters',
  rejects,
  { linkRules: [link([when('bus', 'a b')], 'by-x/y')] },
  /the bus "a b"/,
);
test(
  'a group with invalid characters',
  rejects,
  { accessRules: [{ match: [], fileGroup: 'a b', source }] },
  /user or group/,
);
test('an invalid mode', rejects, { accessRules: [{ match: [], mode: '999', source }] }, /octal/);
test('a name part of 256 bytes', rejects, { linkRules: [link([], `by-x/${'a'.repeat(256)}`)] }, /255 bytes/);
test(
  "a line longer than udev's limit",
  rejects,
  {
    linkRules: [
      link(
        [when('bus', 'pci'), when('name', ...Array.from({ length: 2000 }, (_, i) => `0000:01:${i}`))],
        'by-x/y',
      ),
    ],
  },
  /16000 bytes/,
);
