import * as fs from 'node:fs';
import test from 'ava';
import type { Machine } from '../../../src/links/observe.ts';
import { observe } from '../../../src/links/observe.ts';
import { deviceLinks, verifiedStates } from '../../../src/links/state.ts';
import { sync } from '../../../src/links/sync.ts';
import { verify } from '../../../src/links/verify.ts';
import { defaultGroupNames, type GroupNames } from '../../../src/names/groups.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

const machineOf = (root: FakeRoot, mode?: GroupNames['mode'], more: Partial<Machine> = {}): Machine => ({
  files: fakeFiles,
  root: root.dir,
  ...(mode !== undefined && { groupNames: { ...defaultGroupNames, mode } }),
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
    Object.keys(names).map((name) => `link-dangling /dev/vfio/${name}`),
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
  sync(machineOf(root, 'auto', { policyNames, groupNames: { mode: 'auto', policyLinks: false } }), 't');
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
