import * as fs from 'node:fs';
import test from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { resolveGroup } from '../../../src/links/resolve-group.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { errorLine } from '../../support/error-line.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const node = '/dev/vfio/14';
const sample = { name: '0000:01:00.0', sysname: 'vfio0', devnum: false, driver: 'vfio-pci' } as const;

function gpu(root: FakeRoot, groupNode = '14'): Device {
  const device = root.add({ ...sample, group: '14' });
  root.addGroup(groupNode);
  return device;
}

function resolveOrError(root: FakeRoot, device: Device, files: SystemFiles = fakeFiles): string {
  try {
    return resolveGroup(files, root.dir, device).nodePath;
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return `${error.code} ${error.status}: ${errorLine(error)}`;
  }
}

test('resolveGroup returns the node of the group with its device number', (t) => {
  const root = fakeRoot(t);
  const { group, ...resolution } = resolveGroup(fakeFiles, root.dir, gpu(root));
  t.deepEqual(resolution, { nodePath: node, devnum: '243:14' });
  t.is(group.number, '14');
});

test('resolveGroup returns the node of a group without an IOMMU', (t) => {
  const root = fakeRoot(t);
  t.is(resolveOrError(root, gpu(root, 'noiommu-14')), '/dev/vfio/noiommu-14');
});

test('resolveGroup works on a kernel without the class vfio-dev', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  root.withoutVfioClass();
  t.is(resolveOrError(root, device), node);
});

const expected = `expected the character device 243:14 at ${node}, found`;
const remedy =
  'unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)';

test('resolveGroup rejects a missing node, another number, a file and a link in place of the node', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  root.node(node, '243:15');
  t.is(resolveOrError(root, device), `node-mismatch 1: ${expected} the device 243:15; ${remedy}`);
  fs.rmSync(root.at(node));
  t.is(resolveOrError(root, device), `node-missing 1: ${expected} nothing; ${remedy}`);
  root.write(node, '');
  t.is(
    resolveOrError(root, device),
    `node-mismatch 1: ${expected} a file; remove /dev/vfio/14, then bind the device again`,
  );
  root.node('/dev/other', '243:14');
  root.replaceLink(node, '/dev/other');
  t.is(
    resolveOrError(root, device),
    `node-mismatch 1: ${expected} a symlink; remove /dev/vfio/14, then bind the device again`,
  );
});

test('resolveGroup fails with status 4 if the node may not be read', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  const files = hookedFiles(({ name }) => {
    if (name === 'statNode') throw errnoError('EACCES');
  });
  t.regex(
    resolveOrError(root, device, files),
    /^not-permitted 4: .*could not examine it: permission denied \(EACCES\); run it as root/,
  );
});

test('resolveGroup fails with status 5 without an IOMMU group, and without nodes of groups', (t) => {
  const root = fakeRoot(t);
  t.regex(
    resolveOrError(root, root.add(sample)),
    /^no-group 5: expected an IOMMU group of 0000:01:00.0, found none/,
  );
  const device = gpu(root);
  root.removeGroup('14');
  t.regex(
    resolveOrError(root, device),
    /^no-group-node 5: expected a node of IOMMU group 14, .*; use --interface cdev, or a kernel with CONFIG_VFIO_GROUP$/,
  );
});

const race = test.macro({
  exec(t, change: (root: FakeRoot, device: Device) => void, found: string) {
    const root = fakeRoot(t);
    const device = gpu(root);
    root.add({ name: '0000:01:00.1', sysname: 'vfio1', devnum: false, driver: 'vfio-pci', group: '14' });
    let done = false;
    const files = hookedFiles(({ name }) => {
      if (name !== 'statNode' || done) return;
      done = true;
      change(root, device);
    });
    t.is(
      resolveOrError(root, device, files),
      `device-changed 3: expected 0000:01:00.0 to stay bound while it was resolved, but ${found}; try again`,
    );
  },
  title: (title) => title ?? '',
});

test(
  'resolveGroup fails if the device is bound to another driver meanwhile, though the group keeps its node',
  race,
  (root, device) => {
    root.unbind(device);
    root.add({ name: '0000:01:00.0', driver: 'nouveau', group: '14' });
  },
  'it is bound to nouveau now',
);

test(
  'resolveGroup fails if the device is in another group meanwhile, though the node matches',
  race,
  (root) => fs.rmSync(root.at('/sys/kernel/iommu_groups/14/devices/0000:01:00.0')),
  'it is not in IOMMU group 14 any more',
);

test(
  'resolveGroup fails if the group has another device number meanwhile',
  race,
  (root) => root.write('/sys/devices/virtual/vfio/14/dev', '243:77\n'),
  '/dev/vfio/14 has another device number now',
);

test('resolveGroup fails with status 3 if the device was unbound before', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  root.removeGroup('14');
  root.unbind(device);
  root.replaceLink(`${device.syspath}/driver`, '/sys/bus/pci/drivers/nouveau');
  t.regex(
    resolveOrError(root, device),
    /^device-changed 3: .*but it is not bound to VFIO any more; try again$/,
  );
});

test('resolveGroup fails with one line if the members of the group cannot be read', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  for (const [errno, expected] of [
    [
      'EACCES',
      'not-permitted 4: could not read whether 0000:01:00.0 is in IOMMU group 14: permission denied (EACCES); run it as root',
    ],
    [
      'EIO',
      'group-unreadable 1: could not read whether 0000:01:00.0 is in IOMMU group 14: EIO; look at that directory',
    ],
  ] as const) {
    const files = hookedFiles(({ name, path }) => {
      if (name === 'readdir' && path.endsWith('/iommu_groups/14/devices')) throw errnoError(errno);
    });
    t.is(resolveOrError(root, device, files), expected);
  }
});

test('resolveGroup finds a device among a thousand members, and on a bus that it does not know', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  for (let index = 0; index < 1000; index++)
    root.add({ bus: 'new', name: `dev${index}`, parent: '/sys/devices/new', group: '14' });
  t.is(resolveOrError(root, device), node);
  const other = root.add({
    ...{ bus: 'new', name: 'dev1000', parent: '/sys/devices/new', group: '14' },
    ...{ sysname: 'vfio9', devnum: false, driver: 'vfio-new' },
  });
  t.is(resolveOrError(root, other), node);
});

test('resolveGroup fails with one line for a device number in another form, and without a group behind the node', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  root.write('/sys/devices/virtual/vfio/14/dev', 'x\n');
  t.is(resolveOrError(root, device), 'malformed 1: expected MAJOR:MINOR at /sys/class/vfio/14/dev, found x');
  root.write('/sys/devices/virtual/vfio/14/dev', '243:14\n');
  fs.rmSync(root.at('/sys/kernel/iommu_groups/14'), { recursive: true });
  t.regex(
    resolveOrError(root, device),
    /^device-changed 3: .*but it is not in IOMMU group 14 any more; try again$/,
  );
});
