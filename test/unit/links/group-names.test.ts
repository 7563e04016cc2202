import * as fs from 'node:fs';
import test from 'ava';
import type { Machine } from '../../../src/links/observe.ts';
import { observe } from '../../../src/links/observe.ts';
import { deviceLinks, verifiedStates } from '../../../src/links/state.ts';
import { sync } from '../../../src/links/sync.ts';
import { verify } from '../../../src/links/verify.ts';
import { defaultGroupNames, type GroupNames } from '../../../src/names/groups.ts';
import type { AccessRules } from '../../../src/policy/access.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

const machineOf = (
  root: FakeRoot,
  enabled?: GroupNames['enabled'],
  more: Partial<Machine> = {},
): Machine => ({
  files: fakeFiles,
  root: root.dir,
  ...(enabled !== undefined && { groupNames: { ...defaultGroupNames, enabled } }),
  ...more,
});

/** Group 14: a device on VFIO, its sibling on its own driver, and a bridge. */
function withGroup(root: FakeRoot, devnum: string | false = false): void {
  root.add({ name: '0000:02:00.0', group: '14', sysname: 'vfio0', driver: 'vfio-pci', devnum });
  root.add({ name: '0000:02:00.1', group: '14', driver: 'e1000e' });
  root.add({ name: '0000:01:00.0', group: '14', driver: 'pcieport', attributes: { class: '0x060400' } });
  root.addGroup('14');
}

const names = { 'groups/pci/0000:02:00.0': '../../14', 'groups/pci/0000:02:00.1': '../../14' };

test('sync names all members of a group except bridges, if its devices have no nodes', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const { outcomes, stable } = sync(machineOf(root), 't');
  t.true(stable);
  t.deepEqual(root.links(), names);
  t.deepEqual(
    outcomes.map(({ change }) => change.action),
    ['create', 'create'],
  );
  t.deepEqual(sync(machineOf(root), 't').outcomes, []);
  t.deepEqual(verify(machineOf(root)).findings, []);
});

test('sync makes no name of a group whose device has a node, with auto, and makes them with groups = true', (t) => {
  const root = fakeRoot(t);
  withGroup(root, '247:0');
  sync(machineOf(root), 't');
  t.deepEqual(root.links(), { 'pci/0000:02:00.0': '../devices/vfio0' });
  sync(machineOf(root, true), 't');
  t.deepEqual(root.links(), { ...names, 'pci/0000:02:00.0': '../devices/vfio0' });
  sync(machineOf(root, false), 't');
  t.deepEqual(root.links(), { 'pci/0000:02:00.0': '../devices/vfio0' });
});

test('a group that VFIO has only begun to register has names where the kernel gives no device a node', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:02:00.0', group: '14', driver: 'vfio-pci' });
  root.addGroup('14');
  root.write('/sys/class/misc/iommu/dev', '10:1\n');
  const made = () => {
    sync(machineOf(root), 't');
    return Object.keys(root.links());
  };
  t.deepEqual(made(), []);
  root.write('/proc/devices', 'Character devices:\n 10 misc\n243 vfio\n244 vfio-dev\n');
  t.deepEqual(made(), []);
  root.write('/proc/devices', 'Character devices:\n 10 misc\n243 vfio\n\nBlock devices:\n');
  t.deepEqual(made(), ['groups/pci/0000:02:00.0']);
});

test('without iommufd, or without the class vfio-dev, groups have names', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:02:00.0', group: '14', driver: 'vfio-pci' });
  root.addGroup('14');
  sync(machineOf(root), 't');
  t.deepEqual(root.links(), { 'groups/pci/0000:02:00.0': '../../14' });
  root.withoutVfioClass();
  root.write('/sys/class/misc/iommu/dev', '10:1\n');
  t.deepEqual(verify(machineOf(root)).findings, []);
});

test('the name of a device without an IOMMU leads to noiommu-N', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:02:00.0', group: '3', sysname: 'vfio0', devnum: false });
  root.addGroup('noiommu-3');
  sync(machineOf(root), 't');
  t.deepEqual(root.links(), { 'groups/pci/0000:02:00.0': '../../noiommu-3' });
});

test('sync removes the names of a group that is gone, and of a device that left its group', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  sync(machineOf(root), 't');
  root.linkWithTarget('/dev/vfio/groups/pci/0000:09:00.0', '../../14');
  t.like(verify(machineOf(root)).findings[0], {
    code: 'link-stale',
    file: '/dev/vfio/groups/pci/0000:09:00.0',
  });
  sync(machineOf(root), 't');
  t.deepEqual(root.links(), names);
  root.removeGroup('14');
  t.deepEqual(
    verify(machineOf(root)).findings.map(({ code }) => code),
    ['link-orphaned', 'link-orphaned'],
  );
  sync(machineOf(root), 't');
  t.deepEqual(root.links(), {});
});

test('a group that has another number after a replug gets its names again', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  sync(machineOf(root), 't');
  root.add({ name: '0000:03:00.0', group: '14', sysname: 'vfio5', devnum: false });
  root.linkWithTarget('/dev/vfio/groups/pci/0000:03:00.0', '../../15');
  root.addGroup('15');
  const { outcomes } = sync(machineOf(root), 't');
  t.deepEqual(
    outcomes.map(({ change }) => change.action),
    ['replace'],
  );
  t.is(root.links()['groups/pci/0000:03:00.0'], '../../14');
});

test('nothing links to a group whose node is missing', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  sync(machineOf(root), 't');
  fs.rmSync(root.at('/dev/vfio/14'));
  t.deepEqual(
    verify(machineOf(root)).findings.map(({ code, file }) => `${code} ${file}`),
    ['node-missing /dev/vfio/14', ...Object.keys(names).map((name) => `link-dangling /dev/vfio/${name}`)],
  );
  sync(machineOf(root), 't');
  t.deepEqual(root.links(), {});
});

test('a link of another program below groups/ stays, and one of ours that nothing asks for goes', (t) => {
  const root = fakeRoot(t);
  withGroup(root, '247:0');
  root.linkWithTarget('/dev/vfio/groups/mine', '../14');
  root.linkWithTarget('/dev/vfio/groups/by-id/gpu', '../../14');
  root.linkWithTarget('/dev/vfio/groups/pci/old', '../../14');
  root.linkWithTarget('/dev/vfio/groups/pci/vfio', '../../devices/vfio0');
  root.write('/run/udev/data/c243:14', 'S:vfio/groups/by-id/gpu\nS:vfio/groups/mine\n');
  const before = root.links();
  const findings = verify(machineOf(root)).findings.filter(({ file }) => file.includes('/groups/'));
  t.deepEqual(
    findings.map(({ code, file }) => `${code} ${file}`),
    ['link-unclaimed /dev/vfio/groups/pci/old'],
  );
  sync(machineOf(root), 't');
  const { 'groups/pci/old': _, ...rest } = before;
  t.deepEqual(root.links(), { ...rest, 'pci/0000:02:00.0': '../devices/vfio0' });
});

test('the names of the policy exist below groups/ too, unless group-links is false', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  const policyNames: NonNullable<Machine['policyNames']> = ({ name, sysname }) =>
    sysname === '' && name.endsWith('.0') ? [{ path: 'by-alias/gpu', priority: 0 }] : [];
  sync(machineOf(root, 'auto', { policyNames }), 't');
  t.deepEqual(root.links(), { ...names, 'groups/by-alias/gpu': '../../14' });
  sync(machineOf(root, 'auto', { policyNames, groupNames: { enabled: 'auto', policyLinks: false } }), 't');
  t.deepEqual(root.links(), names);
});

test('two members of one group may have the same name of the policy, and two groups may not have it by serial number', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.add({ name: '0000:05:00.0', group: '15', sysname: 'vfio5', devnum: false });
  root.addGroup('15');
  const policyNames: NonNullable<Machine['policyNames']> = ({ name }) => [
    { path: `by-slot/${name.slice(5, 7)}`, priority: 0 },
    { path: 'by-serial/same.0', priority: 0 },
  ];
  const { assignment } = observe(machineOf(root, true, { policyNames }));
  t.is(assignment.winners.get('groups/by-slot/02')?.group, '14');
  t.deepEqual(
    assignment.conflicts.map(({ link, winner }) => ({ link, winner })),
    [{ link: 'groups/by-serial/same.0', winner: undefined }],
  );
});

test('list knows the name of the group as a link of the device, whose state is then ok', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  sync(machineOf(root), 't');
  const verification = verify(machineOf(root));
  t.deepEqual(deviceLinks(verification.observation).get('vfio0')?.links, [
    '/dev/vfio/groups/pci/0000:02:00.0',
  ]);
  t.is(verifiedStates(verification).get('vfio0'), 'ok');
  root.linkWithTarget('/dev/vfio/groups/pci/0000:02:00.0', '../../15');
  t.is(verifiedStates(verify(machineOf(root))).get('vfio0'), 'wrong-link');
});

const withAccess = (accessOf: AccessRules['accessOf']): Partial<Machine> => ({ access: { accessOf } });

/** The access of the node of group 14, `0:0 0600`. */
const accessOf14 = (root: FakeRoot): string => {
  const { uid, gid, mode } = fakeFiles.statNode(root.at('/dev/vfio/14'));
  return `${uid}:${gid} 0${mode.toString(8)}`;
};

test('[[access]] reaches the node of a group that has names, if its bound members agree', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.add({ name: '0000:02:00.2', group: '14', sysname: 'vfio2', driver: 'vfio-pci', devnum: false });
  const mine = process.getuid?.() ?? 0;
  const given = { owner: String(mine), mode: '0640' };
  // The sibling on its own driver has no say.
  const rules = withAccess(({ name }) => (name.endsWith('.1') ? {} : given));
  const before = accessOf14(root);
  t.deepEqual(
    verify(machineOf(root, 'auto', rules))
      .findings.map(({ code, file }) => `${code} ${file}`)
      .slice(0, 1),
    ['access-mismatch /dev/vfio/14'],
  );
  const { access } = sync(machineOf(root, 'auto', rules), 't');
  t.deepEqual(
    access.map(({ file, result, to }) => ({ file, result, to })),
    [{ file: '/dev/vfio/14', result: 'done', to: `${before.split(' ')[0]} 0640` }],
  );
  t.is(accessOf14(root), `${before.split(' ')[0]} 0640`);
  t.deepEqual(verify(machineOf(root, 'auto', rules)).findings, []);

  sync(
    machineOf(
      root,
      'auto',
      withAccess(() => ({})),
    ),
    't',
  );
  t.is(accessOf14(root), before);
});

test('bound members that do not agree are a finding that names one of them, and the node of the group is not changed', (t) => {
  const root = fakeRoot(t);
  withGroup(root);
  root.add({ name: '0000:02:00.2', group: '14', sysname: 'vfio2', driver: 'vfio-pci', devnum: false });
  const rules = withAccess(({ name }) => (name.endsWith('.2') ? { fileGroup: '36', mode: '0660' } : {}));
  const before = accessOf14(root);
  const { access } = sync(machineOf(root, 'auto', rules), 't');
  t.deepEqual(access, []);
  t.is(accessOf14(root), before);
  t.deepEqual(
    verify(machineOf(root, 'auto', rules)).findings.map(({ code, file, name, message }) => ({
      code,
      file,
      name,
      message,
    })),
    [
      {
        code: 'group-owners',
        file: '/dev/vfio/14',
        name: '0000:02:00.2',
        message:
          'expected the access of IOMMU group 14, nobody as 0000:02:00.0, found root:36 0660 in the policy, so /dev/vfio/14 is given to neither',
      },
    ],
  );
});

test('[[access]] leaves the node of a group without names alone', (t) => {
  const root = fakeRoot(t);
  withGroup(root, '247:0');
  const before = accessOf14(root);
  const { access } = sync(
    machineOf(
      root,
      'auto',
      withAccess(() => ({ mode: '0640' })),
    ),
    't',
  );
  t.deepEqual(
    access.map(({ file }) => file),
    ['/dev/vfio/devices/vfio0'],
  );
  t.is(accessOf14(root), before);
});

test('verify compares the nodes of groups with sysfs, both ways', (t) => {
  const root = fakeRoot(t);
  withGroup(root, '247:0');
  sync(machineOf(root), 't');
  const found = () => verify(machineOf(root)).findings.map(({ code, file }) => `${code} ${file}`);
  t.deepEqual(found(), []);
  root.node('/dev/vfio/14', '243:15');
  t.deepEqual(found(), ['node-mismatch /dev/vfio/14']);
  root.node('/dev/vfio/14', '243:14', 0o666);
  t.deepEqual(found(), ['node-permissions /dev/vfio/14']);
  fs.rmSync(root.at('/dev/vfio/14'));
  t.deepEqual(found(), [], 'a container has the nodes that it was given');
  root.linkWithTarget('/dev/vfio/14', 'devices/vfio0');
  t.deepEqual(found(), ['node-not-char /dev/vfio/14']);
  fs.rmSync(root.at('/dev/vfio/14'));
  root.node('/dev/vfio/99', '243:99');
  root.node('/dev/vfio/noiommu-7', '243:7');
  t.deepEqual(found(), ['node-unknown /dev/vfio/99', 'node-unknown /dev/vfio/noiommu-7']);
});

test('a member on an unknown bus has a name, and one whose name or bus has no usable part has none', (t) => {
  const root = fakeRoot(t);
  root.add({ bus: 'newbus', name: 'dev 1', group: '14', driver: 'vfio-new' });
  root.add({ bus: 'newbus', name: '...', group: '14' });
  root.add({ bus: 'platform', name: ' .. ', group: '14' });
  root.addGroup('14');
  const { observation } = sync(machineOf(root), 't');
  t.deepEqual(root.links(), {
    'groups/newbus/...': '../../14',
    'groups/newbus/dev_1': '../../14',
  });
  t.deepEqual(observation.scan.problems, []);
});

test('a thousand members have a thousand names', (t) => {
  const root = fakeRoot(t);
  for (let index = 0; index < 1000; index++)
    root.add({ bus: 'fsl-mc', name: `dpio.${index}`, group: '7', parent: '/sys/devices/platform/mc' });
  root.addGroup('7');
  sync(machineOf(root), 't');
  t.is(Object.keys(root.links()).length, 1000);
  t.deepEqual(verify(machineOf(root)).findings, []);
});
