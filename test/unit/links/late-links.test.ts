import test from 'ava';
import { apply } from '../../../src/links/apply.ts';
import { type Machine, observe } from '../../../src/links/observe.ts';
import { sync } from '../../../src/links/sync.ts';
import { buildPolicy } from '../../../src/policy/build.ts';
import { bindPolicyNames } from '../../../src/policy/load.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

/** A machine on which `happens` once, after sysfs was read and before the links are. */
function machineWith(root: FakeRoot, happens: () => void, more: Partial<Machine> = {}): Machine {
  let done = false;
  const files = hookedFiles(({ name, path }) => {
    if (done || name !== 'openDir' || path !== root.at('/dev/vfio')) return;
    done = true;
    happens();
  });
  return { files, root: root.dir, ...more };
}

test('a link that udev makes for a device after the scan stays', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const machine = machineWith(root, () => {
    root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
    root.linkWithTarget('/dev/vfio/pci/0000:02:00.0', '../devices/vfio1');
  });
  const links: string[] = [];
  const { changes } = observe(machine);
  for (const { link } of changes) links.push(link);
  t.deepEqual(links, ['pci/0000:01:00.0']);
  apply(machine.files, machine.root, changes, 't');
  t.is(root.links()['pci/0000:02:00.0'], '../devices/vfio1');
});

test('a link of the policy for such a device stays, too', (t) => {
  const root = fakeRoot(t);
  const policyNames = bindPolicyNames(
    hookedFiles(() => {}),
    root.dir,
    buildPolicy([{ file: 'a.toml', text: '[names]\nby-tag = true\n' }]).policy,
  );
  const machine = machineWith(
    root,
    () => {
      root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
      root.linkWithTarget('/dev/vfio/by-tag/pci-0000_02_00_0', '../devices/vfio1');
      root.linkWithTarget('/dev/vfio/by-tag/other', '../devices/vfio1');
    },
    policyNames && { policyNames },
  );
  t.deepEqual(
    observe(machine).changes.map(({ action, link }) => `${action} ${link}`),
    ['remove by-tag/other'],
  );
});

test('a link to the number of another device is removed, although that device came after the scan', (t) => {
  const root = fakeRoot(t);
  const machine = machineWith(root, () => {
    root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
    root.linkWithTarget('/dev/vfio/pci/0000:03:00.0', '../devices/vfio1');
  });
  sync(machine, 't');
  t.deepEqual(root.links(), { 'pci/0000:02:00.0': '../devices/vfio1' });
});

test('a link for a device that has the number of a scanned one by now stays', (t) => {
  const root = fakeRoot(t);
  const before = root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const machine = machineWith(root, () => {
    root.unbind(before);
    root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
    root.linkWithTarget('/dev/vfio/pci/0000:02:00.0', '../devices/vfio0');
  });
  const removed = observe(machine).changes.filter(({ action }) => action === 'remove');
  t.deepEqual(removed, []);
});

test('a name of a group that came after the scan stays', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false, driver: 'vfio-pci', group: '14' });
  root.addGroup('14');
  const machine = machineWith(root, () => {
    root.add({ name: '0000:02:00.0', sysname: 'vfio1', devnum: false, driver: 'vfio-pci', group: '15' });
    root.addGroup('15');
    root.linkWithTarget('/dev/vfio/groups/pci/0000:02:00.0', '../../15');
    root.linkWithTarget('/dev/vfio/groups/pci/0000:03:00.0', '../../15');
  });
  t.deepEqual(
    observe(machine).changes.map(({ action, link }) => `${action} ${link}`),
    ['remove groups/pci/0000:03:00.0', 'create groups/pci/0000:01:00.0'],
  );
});
