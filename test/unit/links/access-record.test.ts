import test from 'ava';
import { applyAccess, planAccess } from '../../../src/links/access.ts';
import { sync } from '../../../src/links/sync.ts';
import type { AccessRules } from '../../../src/policy/access.ts';
import type { FileStatus, SystemFiles } from '../../../src/system/files.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { Killed } from '../../support/hooked-files.ts';

const node = '/dev/vfio/devices/vfio0';
const kvm: AccessRules = { accessOf: () => ({ fileGroup: '36', mode: '0660' }) };

/** Files whose nodes exist only in memory, so that chown needs no privileges; `before` is called ahead of each change. */
function withNodes(root: FakeRoot, before: (call: string) => void = () => {}) {
  const nodes = new Map<string, FileStatus>();
  const pathOf = (path: string): string => path.slice(root.dir.length);
  const create = (file: string, devnum: string, inode = 1): void => {
    nodes.set(file, { kind: 'char', devnum, mode: 0o600, uid: 0, gid: 0, inode, modified: 0 });
  };
  const files: SystemFiles = {
    ...fakeFiles,
    statNode: (path) => nodes.get(pathOf(path)) ?? fakeFiles.statNode(path),
    openForChange: (path) => {
      const file = pathOf(path);
      const now = (): FileStatus => nodes.get(file) ?? fakeFiles.statNode(path);
      before('open');
      return {
        status: now,
        chown: (uid, gid) => {
          before('chown');
          nodes.set(file, { ...now(), uid, gid });
        },
        chmod: (mode) => {
          before('chmod');
          nodes.set(file, { ...now(), mode });
        },
        path: '',
        release: () => {},
      };
    },
  };
  const access = (file = node): string => {
    const { uid, gid, mode } = nodes.get(file) as FileStatus;
    return `${uid}:${gid} ${mode.toString(8)}`;
  };
  const change = (part: Partial<FileStatus>, file = node): void => {
    nodes.set(file, { ...(nodes.get(file) as FileStatus), ...part });
  };
  create(node, '247:0');
  return { files, create, access, change };
}

function machine(root: FakeRoot) {
  return [root.add({ name: '0000:01:00.0', sysname: 'vfio0' })];
}

test('applyAccess restores the access that it changed when no rule requires it any more, and removes the record', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const { files, access, change } = withNodes(root);
  applyAccess({ files, root: root.dir, access: kvm }, devices, []);
  t.is(access(), '0:36 660');
  t.deepEqual(planAccess({ files, root: root.dir }, devices, []), [
    { file: node, device: devices[0], from: '0:36 0660', to: '0:0 0600' },
  ]);
  t.is(applyAccess({ files, root: root.dir }, devices, []).outcomes.length, 1);
  t.is(access(), '0:0 600');
  change({ gid: 36, mode: 0o660 });
  t.deepEqual(applyAccess({ files, root: root.dir }, devices, []).outcomes, []);
  t.is(access(), '0:36 660');
});

test('applyAccess restores only what no other rule requires, and only the parts that it changed', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const { files, access, change } = withNodes(root);
  change({ uid: 5 });
  applyAccess({ files, root: root.dir, access: kvm }, devices, []);
  t.is(access(), '5:36 660');
  const apply = (given: object) =>
    applyAccess({ files, root: root.dir, access: { accessOf: () => given } }, devices, []).outcomes;
  apply({ mode: '0640' });
  t.is(access(), '5:0 640');
  apply({});
  t.is(access(), '5:0 600');
});

test('applyAccess does not restore access that somebody else has changed since', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  for (const part of [{ gid: 40 }, { mode: 0o640 }, { uid: 7 }, { inode: 2 }]) {
    const { files, access, change } = withNodes(root);
    applyAccess({ files, root: root.dir, access: kvm }, devices, []);
    change(part);
    const before = access();
    t.deepEqual(planAccess({ files, root: root.dir }, devices, []), []);
    t.deepEqual(applyAccess({ files, root: root.dir }, devices, []).outcomes, []);
    t.is(access(), before);
  }
});

test('applyAccess restores access that a run changed before it was killed, at any call', (t) => {
  for (const at of ['open', 'chown', 'chmod', 'rename']) {
    const root = fakeRoot(t);
    const devices = machine(root);
    const { files, access } = withNodes(root, (call) => {
      if (call === at) throw new Killed();
    });
    const killed: SystemFiles = {
      ...files,
      rename: (from, to) => {
        if (at === 'rename') throw new Killed();
        fakeFiles.rename(from, to);
      },
    };
    t.throws(() => applyAccess({ files: killed, root: root.dir, access: kvm }, devices, []), {
      instanceOf: Killed,
    });
    const left = access();
    const next = withNodes(root);
    next.change({ gid: Number(left.slice(2, left.indexOf(' '))), mode: Number.parseInt(left.slice(-3), 8) });
    applyAccess({ files: next.files, root: root.dir }, devices, []);
    t.false(next.access().endsWith('660'), `${at}: ${left}, then ${next.access()}`);
  }
});

test('applyAccess restores the access of /dev/iommu only in a pass over all devices', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  root.write('/sys/class/misc/iommu/dev', '10:122\n');
  const { files, create, access } = withNodes(root);
  create('/dev/iommu', '10:122');
  const rules: AccessRules = { accessOf: () => ({}), iommu: { fileGroup: '36', mode: '0660' } };
  applyAccess({ files, root: root.dir, access: rules }, devices, []);
  applyAccess({ files, root: root.dir }, devices);
  t.is(access('/dev/iommu'), '0:36 660');
  applyAccess({ files, root: root.dir }, devices, []);
  t.is(access('/dev/iommu'), '0:0 600');
});

test('sync changes no access of a device that got the number after the scan, and does not assume that its own change still applies', (t) => {
  const root = fakeRoot(t);
  const [device] = machine(root);
  const access: AccessRules = {
    accessOf: ({ name }) => (name === '0000:01:00.0' ? { owner: '1000' } : {}),
  };
  let swapped = false;
  const { files, access: now } = withNodes(root, (call) => {
    if (call !== 'open' || swapped) return;
    swapped = true;
    root.unbind(device as never);
    root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
  });
  const { access: outcomes, stable } = sync({ files, root: root.dir, access }, 'test');
  t.true(swapped);
  t.true(stable);
  t.deepEqual(outcomes, []);
  t.is(now(), '0:0 600');
  t.deepEqual(Object.keys(root.links()), ['pci/0000:02:00.0']);
});

test('applyAccess restores the access of a node whose number another device has now', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const { files, access } = withNodes(root);
  applyAccess({ files, root: root.dir, access: kvm }, devices, []);
  root.unbind(devices[0] as never);
  const other = root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
  const rules: AccessRules = { accessOf: ({ name }) => (name === '0000:01:00.0' ? kvm.accessOf(other) : {}) };
  applyAccess({ files, root: root.dir, access: rules }, [other], []);
  t.is(access(), '0:0 600');
});

test('applyAccess changes no node that it cannot record', (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  root.write('/run/vfio-names', '');
  const { files, access } = withNodes(root);
  const { outcomes } = applyAccess({ files, root: root.dir, access: kvm }, devices, []);
  t.is(outcomes[0]?.result, 'failed');
  t.is(access(), '0:0 600');
});

test("applyAccess ignores recorded access in a tree that may not be this machine's own", (t) => {
  const root = fakeRoot(t);
  const devices = machine(root);
  const { files, access } = withNodes(root);
  applyAccess({ files, root: root.dir, access: kvm }, devices, []);
  const foreign = { files, root: root.dir, isForeignTree: true };
  t.deepEqual(planAccess(foreign, devices, []), []);
  t.deepEqual(applyAccess(foreign, devices, []), { outcomes: [], raced: false });
  t.is(access(), '0:36 660');
});
