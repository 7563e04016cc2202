import * as fs from 'node:fs';
import test from 'ava';
import * as fc from 'fast-check';
import { bindMachine } from '../../../src/links/machine.ts';
import { sync } from '../../../src/links/sync.ts';
import { groupLink } from '../../../src/names/scheme.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { compileUdev } from '../../../src/udev/compile.ts';
import { groupProperties, MAX_PROPERTIES } from '../../../src/vfio-id/group-lines.ts';
import { vfioId } from '../../../src/vfio-id/vfio-id.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { link, policyOf, source, unless, when } from '../../support/policies.ts';

const run = (root: FakeRoot, argv: readonly string[], env: Record<string, string> = {}) =>
  vfioId({ argv, env }, { files: fakeFiles, root: root.dir, version: '0', token: 't' });

/** The links in the lines that vfio_id prints. */
const linksIn = (out: string): string[] =>
  out
    .split('\n')
    .flatMap((line) => /^ID_VFIO_GROUP_LINKS_\d+=(.*)$/.exec(line)?.[1]?.split(' ') ?? [])
    .map((name) => name.replace(/^vfio\//, ''));

function withGroup(root: FakeRoot, group = '14', bus = '02', devnum: string | false = false): void {
  const attributes = { class: '0x020000', vendor: '0x8086' };
  root.add({
    name: `0000:${bus}:00.0`,
    group,
    sysname: `vfio${group}`,
    driver: 'vfio-pci',
    devnum,
    attributes,
  });
  root.add({
    name: `0000:${bus}:00.1`,
    group,
    driver: 'e1000e',
    attributes: { ...attributes, vendor: '0x10de' },
  });
  root.add({ name: `0000:${bus}:1f.0`, group, attributes: { class: '0x060400' } });
  root.addGroup(group);
  root.write(`/sys/devices/virtual/vfio/${group}/uevent`, '');
}

test('vfio_id group names prints the links of all members in one property', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const expected = {
    status: 0,
    out: 'ID_VFIO_GROUP_LINKS_1=vfio/groups/pci/0000:02:00.0 vfio/groups/pci/0000:02:00.1\n',
    err: '',
  };
  t.deepEqual(run(root, ['group', 'names', '--auto', '14']), expected);
  t.deepEqual(run(root, ['group', 'names'], { DEVPATH: '/devices/virtual/vfio/14' }), expected);
});

test('vfio_id group names prints nothing for a group without names and for one that is gone', (t) => {
  const root = fakeRoot(t);
  withGroup(root, '14', '02', '247:0');
  const nothing = { status: 0, out: '', err: '' };
  t.deepEqual(run(root, ['group', 'names', '--auto', '14']), nothing);
  t.deepEqual(run(root, ['group', 'names', '--auto', '15']), nothing);
  t.not(run(root, ['group', 'names', '14']).out, '');
});

for (const argv of [
  ['group'],
  ['group', 'names'],
  ['group', 'make', '14'],
  ['group', 'names', '1x'],
  ['group', 'names', '1', '2'],
  ['group', 'names', '--more=0', '1'],
])
  test(`vfio_id rejects ${argv.join(' ')}`, (t) => {
    t.is(run(fakeRoot(t), argv).status, 2);
  });

const policy = policyOf({
  linkRules: [
    link([when('vendor', '0x10de')], 'by-alias/nvidia'),
    link([when('name', '*:02:00.?'), unless('vendor', '0x10de', "'*$%~&{")], 'by-x/', { fact: 'name' }),
    { ...link([], 'by-y/', { fact: 'group' }), priority: 7 },
    link([when('bus', 'mdev')], 'by-z/', { fact: 'name' }),
    link([when('serial', '*')], 'by-w/', { fact: 'serial' }),
  ],
});

/** The arguments of the calls in the rules of the policy. */
const callsOf = (rules: Policy): string[][] =>
  compileUdev(rules).groups.names.flatMap((line) => {
    const command = /IMPORT\{program\}="\/usr\/lib\/udev\/vfio_id ([^"]*)"/.exec(line)?.[1];
    return command === undefined
      ? []
      : [
          [...command.matchAll(/'([^']*)'|([^\s']+)/g)].map((found) =>
            (found[1] ?? found[2] ?? '').replace(/\$\$/g, '$').replace(/%%/g, '%').replace('$kernel', '14'),
          ),
        ];
  });

test('vfio_id prints the same names of a policy as sync makes', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const machine = bindMachine(fakeFiles, root.dir, policy, true);
  sync(machine, 't');
  const [call = []] = callsOf(policy);
  const { out, err } = run(root, call);
  t.is(err, '');
  t.deepEqual(linksIn(out).sort(), Object.keys(root.links()));
  t.deepEqual(Object.keys(root.links()), [
    'groups/by-alias/nvidia',
    'groups/by-x/0000:02:00.0',
    'groups/by-y/14',
    'groups/pci/0000:02:00.0',
    'groups/pci/0000:02:00.1',
  ]);
  t.true(out.includes('ID_VFIO_GROUP_PRIORITY=7\n'));
});

const accessPolicy = policyOf({
  accessRules: [
    { match: [], fileGroup: 'kvm', source },
    { match: [when('vendor', '0x10de')], owner: 'qemu', mode: '0600', source },
    { match: [when('name', "*'$%")], owner: 'nobody', source },
  ],
});

test('vfio_id prints the access that all bound members of a group have, and that of a new node if they differ', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const [call = []] = callsOf(accessPolicy);
  const printed = () => run(root, call).out.match(/^ID_VFIO_GROUP_(?:OWNER|GROUP|MODE)=.*$/gm);
  t.deepEqual(printed(), ['ID_VFIO_GROUP_GROUP=kvm', 'ID_VFIO_GROUP_MODE=0660']);
  // The NVIDIA sibling is bound, too.
  root.replaceLink('/sys/devices/pci0000:00/0000:02:00.1/driver', '/sys/bus/pci/drivers/vfio-pci');
  t.deepEqual(printed(), ['ID_VFIO_GROUP_OWNER=root', 'ID_VFIO_GROUP_GROUP=root', 'ID_VFIO_GROUP_MODE=0600']);
  root.replaceLink('/sys/devices/pci0000:00/0000:02:00.0/driver', '/sys/bus/pci/drivers/e1000e');
  fs.rmSync(root.at('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev'), { recursive: true });
  t.deepEqual(printed(), ['ID_VFIO_GROUP_OWNER=qemu', 'ID_VFIO_GROUP_GROUP=kvm', 'ID_VFIO_GROUP_MODE=0600']);
});

test('the rules set the access of a group from what vfio_id prints, and announce a group again for each device', (t) => {
  const { names, join } = compileUdev(accessPolicy).groups;
  t.true(
    names.includes(
      'ENV{ID_VFIO_GROUP_OWNER}=="?*", OWNER="$env{ID_VFIO_GROUP_OWNER}", ENV{ID_VFIO_ACCESS}="policy"',
    ),
  );
  t.true(join.join('\n').includes('group announce --auto --always'));
  t.false(compileUdev(policy).groups.join.join('\n').includes('--always'));
  t.deepEqual(compileUdev({ ...accessPolicy, groups: { enabled: false } }).groups, {
    leave: [],
    join: [],
    names: [],
  });
});

test('a policy whose requests do not fit into one line takes several calls, and no name is lost', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const many = policyOf({
    linkRules: Array.from({ length: 400 }, (_, index) =>
      link([when('name', `0000:02:00.${index % 2}`)], `by-alias/${'x'.repeat(40)}${index}`),
    ),
  });
  const calls = callsOf(many);
  t.true(calls.length > 1);
  t.throws(() => compileUdev(many, undefined, 'run'), {
    message: /names of groups in a command of more than/,
  });
  const outputs = calls.map((call) => run(root, call).out);
  t.deepEqual(outputs.flatMap(linksIn).length, 402);
  t.is(
    new Set(outputs.flatMap((out) => out.match(/^ID_VFIO_GROUP_LINKS_\d+/gm) ?? [])).size,
    outputs.flatMap((out) => out.match(/^ID_VFIO_GROUP_LINKS_/gm) ?? []).length,
  );
});

test('a name by serial number that two groups claim is given to none, and the other group is announced', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  withGroup(root, '15', '05');
  const option = ['--link=1=by-serial/same'];
  t.deepEqual(linksIn(run(root, ['group', 'names', ...option, '14'], { ACTION: 'add' }).out), [
    'groups/pci/0000:02:00.0',
    'groups/pci/0000:02:00.1',
  ]);
  t.regex(
    fakeFiles.read(root.at('/sys/devices/virtual/vfio/15/uevent')),
    /^change [0-9a-f-]{36} VFIONAMES=group$/,
  );
  root.removeGroup('15');
  t.true(linksIn(run(root, ['group', 'names', ...option, '14']).out).includes('groups/by-serial/same'));
});

const event = (root: FakeRoot) => fakeFiles.read(root.at('/sys/devices/virtual/vfio/14/uevent'));
const devpath = '/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio14';

test('vfio_id group announce announces the group of a device that udev has not named yet', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.write('/run/udev/data/c243:14', 'I:1\nS:vfio/groups/pci/0000:02:00.1\n');
  run(root, ['group', 'announce', '--auto', devpath]);
  t.regex(event(root), /^change [0-9a-f-]{36} VFIONAMES=group$/);
});

test('vfio_id group announce announces nothing for a device that has its name, except with --always', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.write('/run/udev/data/c243:14', 'I:1\nS:vfio/groups/pci/0000:02:00.0\n');
  run(root, ['group', 'announce', '--auto', devpath]);
  t.is(event(root), '');
  run(root, ['group', 'announce', '--auto', '--always', devpath]);
  t.not(event(root), '');
});

test('vfio_id group announce leaves a group to its first event, unless the rules skip that one', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  run(root, ['group', 'announce', '--auto', devpath]);
  t.is(event(root), '');
  root.write('/sys/class/misc/iommu/dev', '10:1\n');
  run(root, ['group', 'announce', devpath]);
  t.is(event(root), '');
  run(root, ['group', 'announce', '--auto', devpath]);
  t.not(event(root), '');
});

test('vfio_id group announce announces the group that a removed device had, by its link', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.linkWithTarget('/dev/vfio/groups/pci/0000:02:00.7', '../../14');
  run(root, ['group', 'announce', 'pci/0000:02:00.6']);
  t.is(event(root), '');
  root.linkWithTarget('/dev/vfio/groups/pci/0000:02:00.6', '/etc/passwd');
  run(root, ['group', 'announce', 'pci/0000:02:00.6']);
  t.is(event(root), '');
  run(root, ['group', 'announce', 'pci/0000:02:00.7']);
  t.not(event(root), '');
});

test('vfio_id group link makes the links of all groups, removes those of groups that are gone, and leaves others alone', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  withGroup(root, '15', '05', '247:5');
  root.linkWithTarget('/dev/vfio/pci/0000:05:00.0', '../devices/vfio15');
  root.linkWithTarget('/dev/vfio/groups/pci/0000:09:00.0', '../../9');
  root.linkWithTarget('/dev/vfio/groups/note', '/etc/motd');
  t.deepEqual(run(root, ['group', 'link', '--auto', '9']), { status: 0, out: '', err: '' });
  const made = {
    'groups/note': '/etc/motd',
    'groups/pci/0000:02:00.0': '../../14',
    'groups/pci/0000:02:00.1': '../../14',
    'pci/0000:05:00.0': '../devices/vfio15',
  };
  t.deepEqual(root.links(), made);
  root.removeGroup('14');
  run(root, ['group', 'link', '--auto', '14']);
  t.deepEqual(root.links(), { 'groups/note': '/etc/motd', 'pci/0000:05:00.0': '../devices/vfio15' });
});

test('every property of a group fits into the buffer of SYMLINK, and no link is lost', (t) => {
  const device = { bus: 'pci', name: 'x', sysname: '', syspath: '/sys/devices/x' };
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 250 }), { maxLength: 200 }), (names) => {
      const links = [...new Set(names.flatMap((name) => groupLink({ bus: 'pci', name }) ?? []))];
      const { properties, omitted } = groupProperties(
        links.map((path) => ({ link: path, device, group: '14', priority: Number.POSITIVE_INFINITY })),
      );
      const values = properties.map(([, value]) => value);
      const found = values.flatMap((value) => value.split(' '));
      return (
        values.every((value) => Buffer.byteLength(value) <= 1000) &&
        values.length <= MAX_PROPERTIES &&
        found.length + omitted === links.length &&
        found.every((path) => links.includes(path.slice('vfio/'.length)))
      );
    }),
    { numRuns: 100 },
  );
  t.pass();
});

test('vfio_id reports how many links of a group do not fit into one event', (t) => {
  const root = fakeRoot(t);
  for (let index = 0; index < 1000; index++)
    root.add({ bus: 'fsl-mc', name: `dpio.${index}`, group: '7', parent: '/sys/devices/platform/mc' });
  root.addGroup('7');
  const { status, out, err } = run(root, ['group', 'names', '7']);
  t.is(status, 0);
  const count = linksIn(out).length;
  t.is(
    err,
    `vfio_id: ${1000 - count} names of group 7 do not fit into one event of udev; vfio-names sync makes them`,
  );
  t.true(count > 400);
});
