import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { findByNameOrPath } from '../../../src/links/find.ts';
import { type Machine, observe } from '../../../src/links/observe.ts';
import { resolveDevice } from '../../../src/links/resolve.ts';
import { verify } from '../../../src/links/verify.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { errorLine } from '../../support/error-line.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { type Call, errnoError, hookedFiles } from '../../support/hooked-files.ts';

const node = '/dev/vfio/devices/vfio3';

function gpu(root: FakeRoot): Device {
  return root.add({ name: '0000:01:00.0', sysname: 'vfio3' });
}

function resolveOrError(root: FakeRoot, device: Device, files: SystemFiles = fakeFiles): string {
  try {
    return resolveDevice(files, root.dir, device).nodePath;
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return `${error.code} ${error.status}: ${errorLine(error)}`;
  }
}

test('resolve returns the node of a device with its device number', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  t.deepEqual(resolveDevice(fakeFiles, root.dir, device), { device, nodePath: node, devnum: '247:3' });
});

test('resolve compares all bits of a minor above 255', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: '511:259' });
  t.is(resolveOrError(root, device), node);
  root.node(node, '511:3');
  t.regex(resolveOrError(root, device), /^node-mismatch 1: /);
});

const expected = `expected the character device 247:3 at ${node}, found`;
const remedy =
  'unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)';

test('resolve fails with node-missing if the node does not exist', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  t.is(resolveOrError(root, device), `node-missing 1: ${expected} nothing; ${remedy}`);
});

test('resolve fails if the node has another device number', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  root.node(node, '247:4');
  t.is(resolveOrError(root, device), `node-mismatch 1: ${expected} the device 247:4; ${remedy}`);
});

test('resolve rejects a file, a directory and a link to the right node in place of the node', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  const removal = `remove ${node}, then bind the device again`;
  fs.rmSync(root.at(node));
  root.write(node, 'no node');
  t.is(resolveOrError(root, device), `node-mismatch 1: ${expected} a file; ${removal}`);
  fs.rmSync(root.at(node));
  fs.mkdirSync(root.at(node));
  t.is(resolveOrError(root, device), `node-mismatch 1: ${expected} a directory; ${removal}`);
  fs.rmdirSync(root.at(node));
  root.node('/dev/other', '247:3');
  root.linkTo(node, '/dev/other');
  t.is(resolveOrError(root, device), `node-mismatch 1: ${expected} a symlink; ${removal}`);
});

test('resolve fails with status 4 if the node may not be read', (t) => {
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

test('resolve fails with node-mismatch on any other error of the node', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  const files = hookedFiles(({ name }) => {
    if (name === 'statNode') throw errnoError('ELOOP');
  });
  t.regex(resolveOrError(root, device, files), /^node-mismatch 1: .*could not examine it: ELOOP/);
});

test('resolve fails with status 5 and a hint if the kernel creates no nodes', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: false });
  t.regex(
    resolveOrError(root, device),
    /^no-cdev 5: expected a node for 0000:01:00.0, found none: .*; use the group node/,
  );
});

for (const [title, damage] of [
  ['missing', (root: FakeRoot) => fs.rmSync(root.at(node))],
  ['wrong', (root: FakeRoot) => root.node(node, '247:9')],
] as const)
  test(`resolve falls back to /dev/char and reports why if the node is ${title}`, (t) => {
    const root = fakeRoot(t);
    const device = gpu(root);
    damage(root);
    root.node('/dev/kept', '247:3');
    root.linkTo('/dev/char/247:3', '/dev/kept');
    const resolution = resolveDevice(fakeFiles, root.dir, device);
    t.is(resolution.nodePath, '/dev/char/247:3');
    t.true(resolution.fallbackReason?.startsWith(expected));
  });

test('resolve ignores a link in /dev/char to another device, a file or nothing', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  root.node('/dev/kept', '247:4');
  root.linkTo('/dev/char/247:3', '/dev/kept');
  t.regex(resolveOrError(root, device), /^node-missing 1/);
  root.write('/dev/kept2', '');
  root.replaceLink('/dev/char/247:3', '/dev/kept2');
  t.regex(resolveOrError(root, device), /^node-missing 1/);
  root.linkWithTarget('/dev/char/247:3', '247:3');
  t.regex(resolveOrError(root, device), /^node-missing 1/);
});

function whenOpened(fn: () => void): (call: Call) => void {
  let done = false;
  return ({ name }) => {
    if (name !== 'statNode' || done) return;
    done = true;
    fn();
  };
}

const race = test.macro({
  exec(t, change: (root: FakeRoot, device: Device) => void, message: string) {
    const root = fakeRoot(t);
    const device = gpu(root);
    const files = hookedFiles(whenOpened(() => change(root, device)));
    t.is(
      resolveOrError(root, device, files),
      `device-changed 3: expected 0000:01:00.0 to stay bound while it was resolved, but ${message}; try again`,
    );
  },
  title: (title) => title ?? '',
});

test(
  'resolve fails with status 3 if the device is removed meanwhile',
  race,
  (root, device) => root.unbind(device),
  'it went away',
);

test(
  'resolve fails with status 3 if the device is removed and its node replaced meanwhile',
  race,
  (root, device) => {
    root.unbind(device);
    root.node(node, '1:3');
  },
  'it went away',
);

test(
  'resolve fails with status 3 if another device gets the number meanwhile, though the node matches',
  race,
  (root, device) => {
    root.unbind(device);
    root.add({ name: '0000:02:00.0', sysname: 'vfio3' });
  },
  '0000:02:00.0 has its number vfio3 now',
);

test(
  'resolve fails with status 3 if the device is rebound with another device number meanwhile',
  race,
  (root, device) => {
    root.unbind(device);
    root.add({ name: '0000:01:00.0', sysname: 'vfio3', devnum: '248:3' });
  },
  '0000:01:00.0 has its number vfio3 now',
);

test('resolve rethrows an error of fstat or stat that is not an errno', (t) => {
  const root = fakeRoot(t);
  const device = gpu(root);
  fs.rmSync(root.at(node));
  for (const call of ['statNode', 'stat'])
    t.throws(
      () =>
        resolveDevice(
          hookedFiles(({ name }) => {
            if (name === call) throw new TypeError('bug');
          }),
          root.dir,
          device,
        ),
      { instanceOf: TypeError },
    );
});

function sample(t: ExecutionContext) {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const machine = {
    files: fakeFiles,
    root: root.dir,
    policyNames: () => [{ path: 'by-alias/gpu', priority: 0 }],
  };
  return { root, find: (name: string) => findByNameOrPath(machine, observe(machine), name).name };
}

test('findByNameOrPath finds a device by a node at any path and through links', (t) => {
  const { root, find } = sample(t);
  root.node('/dev/mine', '247:0');
  root.linkTo('/srv/gpu', '/dev/mine');
  t.is(find('/dev/mine'), '0000:01:00.0');
  t.is(find('/srv/gpu'), '0000:01:00.0');
  root.linkTo('/sys/kernel/iommu_groups/14/devices/0000:01:00.0', '/sys/devices/pci0000:00/0000:01:00.0');
  root.linkTo('/sys/bus/pci/drivers/vfio-pci/0000:01:00.0', '/sys/devices/pci0000:00/0000:01:00.0');
  for (const path of [
    'iommu_groups/14/devices',
    'kernel/iommu_groups/14/devices',
    'sys/bus/pci/drivers/vfio-pci',
    'bus/pci/devices',
  ])
    t.is(find(`${path}/0000:01:00.0`), '0000:01:00.0', path);
});

test('findByNameOrPath finds a mediated device by four or more digits of its UUID, unless they fit another device', (t) => {
  const root = fakeRoot(t);
  const [first, second, unbound] = [
    '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
    '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002',
    'cafe0000-509f-382f-3c1e-e6bfe0fa1003',
  ];
  root.add({ bus: 'mdev', name: first, sysname: 'vfio0' });
  root.add({ bus: 'mdev', name: unbound, driver: 'other' });
  root.add({ bus: 'platform', name: '83b8f', driver: 'other' });
  const machine = { files: fakeFiles, root: root.dir };
  const find = (name: string): string => findByNameOrPath(machine, observe(machine), name).name;
  for (const name of ['83b8', '83B8F4F2', '83b8f4f2-', '83b8f4f2-509f-38', 'mdev/83b8f4', ' 83b8f4f2\n'])
    t.is(find(name), first, name);
  const errorOf = (name: string): [number | undefined, string] => {
    const error = t.throws(() => find(name), { instanceOf: VfioNamesError });
    return [error?.status, error ? errorLine(error) : ''];
  };
  for (const name of ['83b', '83b8-', '83b8f4f25', '4f2-509f', 'platform/83b8f4f2', ''])
    t.is(errorOf(name)[0], 3, name);
  t.deepEqual(errorOf('83b8f'), [
    3,
    '83b8f is bound to other, not to a VFIO driver; bind it to the VFIO driver of its bus first, if the host does not need it',
  ]);
  t.regex(
    errorOf('cafe')[1],
    /^cafe0000-509f-382f-3c1e-e6bfe0fa1003 is bound to other, not to a VFIO driver; /,
  );
  root.add({ bus: 'mdev', name: second, driver: 'other' });
  t.deepEqual(errorOf('83b8f4f2'), [
    2,
    `83b8f4f2 fits 2 devices: mdev/${first}, mdev/${second}; name one of them`,
  ]);
  t.is(find(first), first);
});

test('a number of fewer than eight digits is a group, not the beginning of a UUID', (t) => {
  const root = fakeRoot(t);
  const name = '83481234-509f-382f-3c1e-e6bfe0fa1001';
  root.add({ bus: 'mdev', name, sysname: 'vfio0' });
  const machine = { files: fakeFiles, root: root.dir };
  const find = (text: string): string => findByNameOrPath(machine, observe(machine), text).name;
  for (const text of ['8348', '8348123'])
    t.is(t.throws(() => find(text), { instanceOf: VfioNamesError })?.status, 3, text);
  for (const text of ['83481234', '83481234-5', 'mdev/8348']) t.is(find(text), name, text);
});

test('findByNameOrPath finds a policy name with its directory or as a path, even if the link is wrong', (t) => {
  const { root, find } = sample(t);
  root.linkWithTarget('/dev/vfio/by-alias/gpu', '../devices/vfio9');
  t.is(find('by-alias/gpu'), '0000:01:00.0');
  t.is(find('/dev/vfio/by-alias/gpu'), '0000:01:00.0');
});

test('findByNameOrPath finds a policy name whose device has no node, unless a device with a node claims it', (t) => {
  const { root, find } = sample(t);
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  t.is(find('by-alias/gpu'), '0000:01:00.0');
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  t.is(find('by-alias/gpu'), '0000:02:00.0');
});

test('findByNameOrPath rejects a path that is not a device node and reports what it found', (t) => {
  const { root, find } = sample(t);
  root.write('/etc/file', '');
  root.linkWithTarget('/etc/loop', 'loop');
  const message = (path: string): string =>
    errorLine(t.throws(() => find(path), { instanceOf: VfioNamesError }));
  t.is(
    message('/etc/file'),
    'expected a device node at /etc/file, found a regular file; use a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/etc'),
    'expected a device node at /etc, found a directory; use a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/none'),
    'expected a device node at /none, found nothing that can be read; use a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/etc/loop'),
    'expected a device node at /etc/loop, found nothing that can be read; use a node, a link to one, or a directory in /sys',
  );
  t.is(
    message('/etc/a\nb'),
    'expected a device node at /etc/a\\x0ab, found nothing that can be read; use a node, a link to one, or a directory in /sys',
  );
  root.node('/dev/null', '1:3');
  t.regex(message('/dev/null'), /expected the node of a VFIO device at \/dev\/null, found the device 1:3/);
  t.true(fs.existsSync(root.at('/dev/null')));
});

test('a name by serial number that two devices claim resolves to neither and names both', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  const machine: Machine = {
    files: fakeFiles,
    root: root.dir,
    policyNames: () => [{ path: 'by-serial/a0-36-9f-ff-ff-12-34-56.0', priority: 0 }],
  };
  const seen = observe(machine);
  t.deepEqual([...seen.assignment.winners.keys()], ['pci/0000:01:00.0', 'pci/0000:02:00.0']);
  const link = 'by-serial/a0-36-9f-ff-ff-12-34-56.0';
  for (const name of [link, `/dev/vfio/${link}`]) {
    const error = t.throws(() => findByNameOrPath(machine, seen, name), { instanceOf: VfioNamesError });
    t.is(error?.status, 2);
    t.is(
      error && errorLine(error),
      `${name} fits 2 devices: pci/0000:01:00.0, pci/0000:02:00.0; name one of them`,
    );
  }
  t.deepEqual(
    verify(machine)
      .findings.filter(({ code }) => code === 'name-conflict')
      .map(({ file, name, message }) => [file, name, message]),
    [
      [
        `/dev/vfio/${link}`,
        '0000:01:00.0',
        '0000:01:00.0 has the same serial number as 0000:02:00.0, so the name is given to none of them',
      ],
      [
        `/dev/vfio/${link}`,
        '0000:02:00.0',
        '0000:02:00.0 has the same serial number as 0000:01:00.0, so the name is given to none of them',
      ],
    ],
  );
});
