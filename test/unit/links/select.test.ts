import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { VfioNamesError } from '../../../src/errors.ts';
import { findByNameOrPath } from '../../../src/links/find.ts';
import { observe } from '../../../src/links/observe.ts';
import { findScanned, findSelection } from '../../../src/links/select.ts';
import { errorLine } from '../../support/error-line.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

/** Group 14 with two functions on VFIO, a bridge and a device without a driver; group 15 with one function. */
function sample(t: ExecutionContext) {
  const root = fakeRoot(t);
  const bound = { devnum: false, driver: 'vfio-pci' } as const;
  root.add({ ...bound, name: '0000:01:00.0', sysname: 'vfio0', group: '14' });
  root.add({ ...bound, name: '0000:01:00.1', sysname: 'vfio1', group: '14' });
  root.add({ name: '0000:00:01.0', driver: 'shpchp', group: '14', attributes: { class: '0x060400' } });
  root.add({ name: '0000:01:00.2', group: '14' });
  root.add({ ...bound, name: '0000:02:00.0', sysname: 'vfio2', group: '15' });
  root.addGroup('14');
  root.addGroup('15');
  return root;
}

function machineOf(root: FakeRoot) {
  return {
    files: fakeFiles,
    root: root.dir,
    policyNames: ({ name }: { name: string }) =>
      name === '0000:01:00.0' ? [{ path: 'by-alias/gpu', priority: 0 }] : [],
  };
}

function select(root: FakeRoot, name: string) {
  const machine = machineOf(root);
  return findSelection(machine, observe(machine), name);
}

function messageOf(fn: () => unknown): string {
  try {
    fn();
    return 'no error';
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return `${error.status}: ${errorLine(error)}`;
  }
}

const selects = test.macro({
  exec(t, name: string, expected: readonly string[]) {
    const root = sample(t);
    t.deepEqual(
      select(root, name).devices.map((device) => device.name),
      expected,
    );
    root.withoutVfioClass();
    // Before Linux 6.1, there is no vfioN.
    if (name.startsWith('vfio')) return;
    t.deepEqual(
      select(root, name).devices.map((device) => device.name),
      expected,
    );
  },
  title: (_, name: string) => `${name} selects the devices of its group that are bound to VFIO drivers`,
});
const both = ['0000:01:00.0', '0000:01:00.1'];
test(selects, '0000:01:00.0+group', both);
test(selects, ' 0000:01:00.1+group ', both);
test(selects, 'vfio0+group', both);
test(selects, 'by-alias/gpu+group', both);
test(selects, '/dev/vfio/14', both);
test(selects, '/dev/vfio/14+group', both);
test(selects, '14', both);
test(selects, 'group 14', both);
test(selects, 'group:14', both);
test(selects, 'groups/14', both);
test(selects, '/sys/kernel/iommu_groups/14', both);
test(selects, '/sys/class/vfio/14', both);
test(selects, '243:14', both);
test(selects, '/dev/vfio/groups/pci/0000:01:00.0', both);
test(selects, 'groups/pci/0000:01:00.0', both);
test(selects, 'groups/pci/0000:01:00.2', both);
test(selects, 'groups/pci/02:00.0', ['0000:02:00.0']);
test(selects, 'group:15', ['0000:02:00.0']);
test(selects, 'groups/by-alias/gpu', both);
test(selects, 'gpu+group', both);

test('a NAME without +group selects one device', (t) => {
  const { devices, group, closed } = select(sample(t), '01:00.1');
  t.deepEqual(
    devices.map(({ name }) => name),
    ['0000:01:00.1'],
  );
  t.is(group, undefined);
  t.is(closed, undefined);
});

test('a link below /dev/vfio/groups that leads elsewhere is not followed', (t) => {
  const root = sample(t);
  root.linkWithTarget('/dev/vfio/groups/pci/0000:01:00.0', '../../15');
  t.is(select(root, '/dev/vfio/groups/pci/0000:01:00.0').group?.number, '14');
});

test('a member on a driver of the host keeps the group closed; a bridge and a device without a driver do not', (t) => {
  const root = sample(t);
  t.is(select(root, 'group:14').closed, undefined);
  root.add({ name: '0000:01:00.2', driver: 'snd_hda_intel', group: '14' });
  const { closed } = select(root, 'group:14');
  t.is(closed?.code, 'group-not-viable');
  t.is(
    closed && errorLine(closed),
    'IOMMU group 14 is not viable: 0000:01:00.2 (snd_hda_intel) is bound to a driver of the host; bind it to vfio-pci, too, or to no driver',
  );
});

test('a group that does not exist, one without devices on VFIO, and a device without a group are errors', (t) => {
  const root = sample(t);
  root.add({ name: '0000:03:00.0', driver: 'e1000e', group: '16' });
  root.add({ name: '0000:04:00.0', sysname: 'vfio4' });
  t.regex(
    messageOf(() => select(root, 'group:9')),
    /^3: expected an IOMMU group at group:9, found no group 9/,
  );
  t.regex(
    messageOf(() => select(root, 'group:16')),
    /^3: group:16 is IOMMU group 16, and VFIO lists none of its devices: pci\/0000:03:00.0 \(e1000e\); /,
  );
  t.regex(
    messageOf(() => select(root, 'vfio4+group')),
    /^5: expected an IOMMU group of vfio4, found none/,
  );
  t.regex(
    messageOf(() => select(root, '0000:09:00.0+group')),
    /^3: expected a device bound to VFIO, found none/,
  );
  t.regex(
    messageOf(() => select(root, '+group')),
    /^3: expected the name of a device, found an empty text; /,
  );
  t.regex(
    messageOf(() => select(root, 'groups/pci/0000:09:00.0')),
    /^3: /,
  );
});

test('a command that takes one device lists the members of a group with several', (t) => {
  const root = sample(t);
  const machine = machineOf(root);
  const find = (name: string) => findByNameOrPath(machine, observe(machine), name).name;
  for (const name of ['group:14', '0000:01:00.0+group', '/dev/vfio/groups/pci/0000:01:00.1'])
    t.is(
      messageOf(() => find(name)),
      `2: ${name} is IOMMU group 14 with 4 devices: pci/0000:00:01.0 (shpchp), pci/0000:01:00.0 (vfio-pci), pci/0000:01:00.1 (vfio-pci), pci/0000:01:00.2 (no driver); name one of them`,
    );
  t.is(find('group:15'), '0000:02:00.0');
  t.is(find('02:00.0+group'), '0000:02:00.0');
});

test('findScanned returns the devices of a group, and the errors of one device', (t) => {
  const root = sample(t);
  const machine = machineOf(root);
  const names = (name: string) => findScanned(machine, observe(machine), name).map((device) => device.name);
  t.deepEqual(names('/dev/vfio/14'), both);
  t.deepEqual(names('0000:02:00.0'), ['0000:02:00.0']);
  t.regex(
    messageOf(() => names('0000:09:00.0')),
    /^3: expected a device bound to VFIO, found none/,
  );
});

test('a short address that fits devices of several groups is ambiguous as the name of a group', (t) => {
  const root = sample(t);
  root.add({ name: '0001:02:00.0', sysname: 'vfio9', devnum: false, driver: 'vfio-pci', group: '19' });
  t.regex(
    messageOf(() => select(root, 'groups/pci/02:00.0')),
    /^2: groups\/pci\/02:00.0 fits 2 devices: /,
  );
});

test('the node of a device of another kind is not a group', (t) => {
  const root = sample(t);
  fs.rmSync(root.at('/sys/dev/char/243:15'));
  t.regex(
    messageOf(() => select(root, '243:15')),
    /^3: /,
  );
});
