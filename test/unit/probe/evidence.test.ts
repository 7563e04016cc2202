import test from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import { type Evidence, findDeviceHolders, gatherEvidence } from '../../../src/probe/evidence.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

function gather(root: FakeRoot, device: Device, token = false): Evidence {
  const paths = {
    node: `/dev/vfio/devices/${device.sysname}`,
    iommu: '/dev/iommu',
    group: '/dev/vfio/14',
    container: '/dev/vfio/vfio',
  };
  return gatherEvidence(fakeFiles, root.dir, device, paths, token);
}

/** Adds a process that has the path open. */
function hold(root: FakeRoot, path: string, pid = 4711): void {
  root.write(`/proc/${pid}/comm`, 'qemu\n');
  root.linkWithTarget(`/proc/${pid}/fd/9`, root.at(path));
}

test('evidence of a bound device has group, node modes and user', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  const evidence = gather(root, device, true);
  t.true(evidence.stillBound);
  t.true(evidence.tokenGiven);
  t.is(evidence.group, '14');
  t.is(evidence.nodes.node.status?.mode, 0o600);
  t.is(evidence.nodes.iommu.status, undefined);
  t.is(evidence.uid, process.geteuid?.() ?? 0);
  t.deepEqual([evidence.holders, evidence.siblings, evidence.pf], [[], [], undefined]);
});

test('evidence: bound is false if the device is gone or its number was reused', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:00:04.0', sysname: 'vfio0' });
  root.unbind(device);
  t.false(gather(root, device).stillBound);
  root.add({ name: '0000:00:05.0', sysname: 'vfio0' });
  t.false(gather(root, device).stillBound);
});

test('evidence: bound is false if the class entry cannot be read', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:00:04.0', sysname: 'vfio0' });
  root.linkWithTarget('/sys/class/vfio-dev/vfio0', 'nowhere');
  t.false(gather(root, device).stillBound);
});

test('evidence lists the holders of the device and of its siblings separately', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  root.add({ name: '0000:00:04.1', sysname: 'vfio1', group: '14', driver: 'vfio-pci' });
  root.add({ name: '0000:00:04.2', group: '14', driver: 'e1000e' });
  hold(root, '/dev/vfio/devices/vfio0');
  hold(root, '/dev/vfio/devices/vfio1', 99);
  const { holders, siblings } = gather(root, device);
  t.deepEqual(
    holders.map(({ pid, interface: via }) => [pid, via]),
    [[4711, 'cdev']],
  );
  t.deepEqual(
    siblings.map(({ name, sharing, holders: held }) => [name, sharing, held.map(({ pid }) => pid)]),
    [
      ['0000:00:04.1', 'vfio', [99]],
      ['0000:00:04.2', 'blocking', []],
    ],
  );
  t.deepEqual(
    findDeviceHolders(fakeFiles, root.dir, device).holders.map(({ pid }) => pid),
    [4711],
  );
});

test('evidence of a VF has its PF and the driver of the PF', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', driver: 'vfio-pci' });
  const device = root.add({ name: '0000:01:00.1', sysname: 'vfio0' });
  root.linkTo(`${device.syspath}/physfn`, '/sys/devices/pci0000:00/0000:01:00.0');
  t.deepEqual(gather(root, device).pf, { name: '0000:01:00.0', driver: 'vfio-pci' });
});

test('evidence of a VF has no PF driver if the PF is unbound', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0' });
  const device = root.add({ name: '0000:01:00.1', sysname: 'vfio0' });
  root.linkTo(`${device.syspath}/physfn`, '/sys/devices/pci0000:00/0000:01:00.0');
  t.deepEqual(gather(root, device).pf, { name: '0000:01:00.0' });
});

test('evidence: noiommu is true if the group is named noiommu-N', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:00:04.0', sysname: 'vfio0', devnum: false, group: '7' });
  t.false(gather(root, device).noIommu);
  root.write('/sys/class/vfio/noiommu-7/dev', '243:0\n');
  t.true(gather(root, device).noIommu);
});

test('evidence: noiommu is true if the device is named noiommu-vfioN', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:00:04.0', sysname: 'noiommu-vfio0', devnum: false });
  const evidence = gather(root, device);
  t.true(evidence.noIommu);
  t.is(evidence.devnum, undefined);
});
