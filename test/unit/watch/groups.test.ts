/** Passes over the nodes and the names of groups. */
import test from 'ava';
import type { Machine } from '../../../src/links/observe.ts';
import { type Memory, runPass } from '../../../src/watch/pass.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

const machineOf = (root: FakeRoot, more: Partial<Machine> = {}): Machine => ({
  files: fakeFiles,
  root: root.dir,
  ...more,
});

test('the event of a group node makes the names of all members, and its removal removes them', (t) => {
  const root = fakeRoot(t);
  const machine = machineOf(root);
  const memory: Memory = {};
  runPass(machine, 't', memory, undefined);
  root.add({ name: '0000:02:00.0', group: '14', sysname: 'vfio0', driver: 'vfio-pci', devnum: false });
  root.add({ name: '0000:02:00.1', group: '14', driver: 'e1000e' });
  root.addGroup('14');
  runPass(machine, 't', memory, new Set(['14']));
  t.deepEqual(root.links(), {
    'groups/pci/0000:02:00.0': '../../14',
    'groups/pci/0000:02:00.1': '../../14',
  });
  root.linkWithTarget('/dev/vfio/groups/pci/0000:02:00.1', '../../15');
  runPass(machine, 't', memory, new Set(['groups/pci/0000:02:00.1']));
  t.is(root.links()['groups/pci/0000:02:00.1'], '../../14');
  root.removeGroup('14');
  runPass(machine, 't', memory, new Set(['14']));
  t.deepEqual(root.links(), {});
});

test('the event of a group node costs no full pass where every device has a node', (t) => {
  const root = fakeRoot(t);
  const machine = machineOf(root);
  root.add({ name: '0000:02:00.0', group: '14', sysname: 'vfio0', driver: 'vfio-pci' });
  root.addGroup('14');
  const memory: Memory = {};
  runPass(machine, 't', memory, undefined);
  /** Whether a pass over a place is a full one, which has a new state. */
  const isFull = (place: string, on = machine): boolean => {
    const { state } = memory;
    runPass(on, 't', memory, new Set([place]));
    return memory.state !== state;
  };
  t.false(isFull('14'));
  t.false(isFull('vfio'));
  t.true(isFull('noiommu-3'));
  t.true(isFull('groups'));
  t.true(isFull('14', { ...machine, groupNames: { enabled: true, policyLinks: true } }));
});

test('a device that is bound later changes the access of the node of its group', (t) => {
  const root = fakeRoot(t);
  const owner = String(process.getuid?.() ?? 0);
  const machine = machineOf(root, {
    groupNames: { enabled: true, policyLinks: true },
    access: { accessOf: ({ name }) => (name.endsWith('.0') ? { owner, mode: '0640' } : {}) },
  });
  root.add({ name: '0000:02:00.0', group: '14', sysname: 'vfio0', driver: 'vfio-pci' });
  root.add({ name: '0000:02:00.1', group: '14' });
  root.addGroup('14');
  const mode = () => fakeFiles.statNode(root.at('/dev/vfio/14')).mode;
  const memory: Memory = {};
  runPass(machine, 't', memory, undefined);
  t.is(mode(), 0o640);
  root.add({ name: '0000:02:00.1', group: '14', sysname: 'vfio1', driver: 'vfio-pci' });
  runPass(machine, 't', memory, new Set(['devices/vfio1']));
  t.is(mode(), 0o600);
});
