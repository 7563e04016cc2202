import test from 'ava';
import type { Holder } from '../../../src/holders/types.ts';
import type { Evidence, SiblingWithHolders } from '../../../src/probe/evidence.ts';
import { explain, explainInUse, explainTimeout } from '../../../src/probe/explain.ts';
import type { ProbeFailure } from '../../../src/probe/protocol.ts';

const qemu: Holder = {
  pid: 4711,
  fd: 9,
  interface: 'cdev',
  opened: '/dev/vfio/devices/vfio0',
  deleted: false,
  command: 'qemu-system-x86',
};
const groupHolder: Holder = { ...qemu, interface: 'group' };
const deviceHolder: Holder = { ...qemu, interface: 'device-fd' };
const incomplete = [{ limitation: 'pid-namespace', message: 'run it on the host to see all' }] as const;
const hostSibling: SiblingWithHolders = {
  bus: 'pci',
  name: '0000:02:02.0',
  driver: 'e1000e',
  sharing: 'blocking',
  holders: [],
};
const heldSibling: SiblingWithHolders = {
  ...hostSibling,
  driver: 'vfio-pci',
  sharing: 'vfio',
  holders: [qemu],
};
const root600 = { mode: 0o600, uid: 0, gid: 0 };

const defaults: Evidence = {
  name: '0000:00:04.0',
  devnum: '247:0',
  group: '14',
  stillBound: true,
  noIommu: false,
  holders: [],
  incomplete: [],
  siblings: [],
  nodes: {
    node: { path: '/dev/vfio/devices/vfio0', status: root600 },
    iommu: { path: '/dev/iommu', status: root600 },
    group: { path: '/dev/vfio/14', status: { ...root600, gid: 108, mode: 0o660 } },
    container: { path: '/dev/vfio/vfio', status: { ...root600, mode: 0o666 } },
  },
  uid: 1000,
  tokenGiven: false,
};

const bind = 'VFIO_DEVICE_BIND_IOMMUFD';
const attach = 'VFIO_DEVICE_ATTACH_IOMMUFD_PT';
const device = 'VFIO_GROUP_GET_DEVICE_FD';
type Row = readonly [
  step: string,
  reason: string,
  evidence: Partial<Evidence>,
  status: number,
  cause: string,
];

const table: readonly Row[] = [
  [
    'open node',
    'EACCES',
    {},
    4,
    'not permitted: /dev/vfio/devices/vfio0 is root:root 0600, you are uid 1000',
  ],
  [
    'open node',
    'EACCES',
    { uid: 0 },
    4,
    'not permitted: /dev/vfio/devices/vfio0 is root:root 0600, and is refused to root: by a mount with nodev, a security module, or for want of CAP_DAC_OVERRIDE',
  ],
  [
    'open node',
    'EPERM',
    { uid: 0 },
    4,
    'not permitted: the device cgroup of this container or unit does not allow /dev/vfio/devices/vfio0',
  ],
  ['open node', 'ENOENT', {}, 1, 'there is no /dev/vfio/devices/vfio0 here'],
  ['open node', 'ENOENT', { stillBound: false }, 3, 'the device is being removed'],
  ['open node', 'ENODEV', {}, 1, '/dev/vfio/devices/vfio0 is a stale node, or the device is being removed'],
  ['open node', 'ENXIO', {}, 1, '/dev/vfio/devices/vfio0 is a stale node, or the device is being removed'],
  ['open node', 'ENXIO', { stillBound: false }, 3, 'the device is being removed'],
  ['open node', 'ELOOP', {}, 1, '/dev/vfio/devices/vfio0 is a link, expected the node itself'],
  ['open node', 'EMFILE', {}, 1, 'open node gave EMFILE'],
  ['open iommu', 'ENOENT', {}, 5, 'there is no /dev/iommu'],
  ['open iommu', 'ENODEV', {}, 5, 'nothing answers behind /dev/iommu'],
  ['open iommu', 'EACCES', {}, 4, 'not permitted: /dev/iommu is root:root 0600, you are uid 1000'],
  ['open iommu', 'EBUSY', {}, 1, 'open iommu gave EBUSY'],
  ['open group', 'ENOENT', {}, 5, 'there is no /dev/vfio/14'],
  ['open group', 'ENOENT', { stillBound: false }, 3, 'the device is being removed'],
  ['open group', 'EACCES', {}, 4, 'not permitted: /dev/vfio/14 is root:108 0660, you are uid 1000'],
  [
    'open group',
    'EPERM',
    { noIommu: true },
    4,
    'not permitted: a device without an IOMMU can be opened only with the capability CAP_SYS_RAWIO',
  ],
  [
    'open node',
    'EPERM',
    { noIommu: true },
    4,
    'not permitted: a device without an IOMMU can be opened only with the capability CAP_SYS_RAWIO',
  ],
  [
    'open node',
    'EACCES',
    {
      uid: 0,
      nodes: {
        ...defaults.nodes,
        node: { path: '/dev/vfio/devices/vfio0', status: root600, nodevMount: '/dev' },
      },
    },
    4,
    'not permitted: /dev/vfio/devices/vfio0 is on /dev, which is mounted with nodev',
  ],
  [
    'open iommu',
    'EACCES',
    { uid: 0, rights: { uid: 0, gids: [0], overridesMode: true } },
    4,
    'not permitted: /dev/iommu is root:root 0600, and is refused to root, by a security module or a directory above it',
  ],
  [
    'open group',
    'EACCES',
    {
      uid: 0,
      rights: { uid: 0, gids: [0], overridesMode: false },
      nodes: {
        ...defaults.nodes,
        group: { path: '/dev/vfio/14', status: { mode: 0o660, uid: 108, gid: 108 } },
      },
    },
    4,
    'not permitted: /dev/vfio/14 is 108:108 0660, and root has no CAP_DAC_OVERRIDE here',
  ],
  ['open node', 'ENOPROC', {}, 5, 'there is no /proc here, through which nodes are opened'],
  [
    'open group',
    'EBUSY',
    { holders: [groupHolder] },
    1,
    'group 14 is in use by pid 4711 (qemu-system-x86) through the group node',
  ],
  [
    'open group',
    'EBUSY',
    { siblings: [heldSibling] },
    1,
    'group 14 is in use by pid 4711 (qemu-system-x86) through the cdev',
  ],
  ['open group', 'EBUSY', { incomplete }, 1, 'group 14 is in use, by a process that was not seen'],
  ['open container', 'ENOENT', {}, 5, 'there is no /dev/vfio/vfio'],

  ['fstat node', 'node-mismatch 1:3', {}, 1, '/dev/vfio/devices/vfio0 is 1:3, and sysfs says 247:0'],
  ['fstat node', 'node-mismatch', {}, 1, '/dev/vfio/devices/vfio0 is something else, and sysfs says 247:0'],
  [
    'fstat node',
    'node-mismatch symlink',
    {},
    1,
    '/dev/vfio/devices/vfio0 is a symlink, and sysfs says 247:0',
  ],
  [
    'fstat node',
    'node-mismatch 1:3',
    { stillBound: false },
    3,
    'the device was unbound and bound again while it was probed',
  ],
  ['read dev', 'device-changed', { stillBound: false }, 3, 'the device is being removed'],
  ['read dev', 'device-changed', {}, 3, 'the device was unbound and bound again while it was probed'],
  ['VFIO_DEVICE_GET_INFO', 'ENOTTY', {}, 1, '/dev/vfio/devices/vfio0 is not a VFIO device'],
  [
    'VFIO_DEVICE_GET_INFO',
    'not-vfio',
    {},
    1,
    '/dev/vfio/devices/vfio0 answered before it was bound, as no VFIO device does',
  ],
  ['VFIO_DEVICE_GET_INFO', 'EIO', {}, 1, 'the device does not work: VFIO_DEVICE_GET_INFO gave EIO'],
  ['VFIO_DEVICE_GET_INFO', 'EIO', { stillBound: false }, 3, 'the device is being removed'],
  ['VFIO_DEVICE_GET_INFO', 'EACCES', {}, 4, 'VFIO_DEVICE_GET_INFO gave EACCES'],
  ['open node', 'no-node', {}, 5, 'this kernel does not create a node for the device'],
  ['open node', 'no-node', { noIommu: true }, 5, 'a no-IOMMU device has no node of its own'],
  ['open group', 'no-group', {}, 5, 'the device has no IOMMU group that VFIO can use'],

  [bind, 'EINVAL', { holders: [qemu] }, 1, 'in use by pid 4711 (qemu-system-x86) through the cdev'],
  [bind, 'EINVAL', { incomplete }, 1, 'in use, by a process that was not seen'],
  [bind, 'EINVAL', {}, 1, 'in use, by a process that is not visible in /proc, or its driver cannot open it'],
  [bind, 'EINVAL', { stillBound: false }, 3, 'the device is being removed'],
  [
    bind,
    'EINVAL',
    { tokenGiven: true, pf: { name: '0000:01:00.0' } },
    1,
    'the VF token is refused: the PF is not on vfio-pci, or this kernel is older than 6.17, or the device is in use',
  ],
  [
    bind,
    'EINVAL',
    { tokenGiven: true },
    1,
    'the VF token is refused: this device is neither a VF nor a PF with VFs, so it takes none',
  ],
  [
    bind,
    'E2BIG',
    { tokenGiven: true },
    5,
    'this kernel cannot read a VF token in BIND, as Linux 6.17 and early 6.18 cannot',
  ],
  [
    bind,
    'EINVAL',
    { tokenGiven: true, holders: [qemu] },
    1,
    'in use by pid 4711 (qemu-system-x86) through the cdev',
  ],
  [
    bind,
    'EBUSY',
    { holders: [groupHolder] },
    1,
    'group 14 is open, so the cdev is shut: in use by pid 4711 (qemu-system-x86) through the group node',
  ],
  [
    bind,
    'EBUSY',
    { holders: [qemu, deviceHolder] },
    1,
    'group 14 is open, so the cdev is shut: in use by pid 4711 (qemu-system-x86) through its group',
  ],
  [
    bind,
    'EBUSY',
    { incomplete },
    1,
    'group 14 is open, so the cdev is shut: in use, by a process that was not seen',
  ],
  [
    bind,
    'EPERM',
    { siblings: [hostSibling] },
    1,
    'group 14 is not viable: sibling 0000:02:02.0 is on e1000e',
  ],
  [
    bind,
    'EPERM',
    { siblings: [heldSibling] },
    1,
    'sibling 0000:02:02.0 of its group 14 belongs to pid 4711 (qemu-system-x86) through the cdev',
  ],
  [
    bind,
    'EPERM',
    { siblings: [{ ...heldSibling, holders: [] }] },
    1,
    'a sibling in group 14 belongs to another iommufd, or its interrupts are not isolated',
  ],
  [bind, 'EPERM', {}, 1, 'its interrupts are not isolated by the IOMMU'],
  [
    bind,
    'EACCES',
    { pf: { name: '0000:01:00.0', driver: 'vfio-pci' } },
    4,
    'a VF token is wanted: its PF 0000:01:00.0 is on vfio-pci',
  ],
  [
    bind,
    'EACCES',
    { tokenGiven: true, pf: { name: '0000:01:00.0' } },
    4,
    'the VF token is wrong: its PF 0000:01:00.0 is on no driver',
  ],
  [bind, 'EACCES', { hasVfs: true }, 4, 'a VF token is wanted: VFs of this PF are in use with one'],
  [
    bind,
    'EACCES',
    { tokenGiven: true, hasVfs: true },
    4,
    'the VF token is wrong: VFs of this PF are in use with one',
  ],
  [bind, 'EACCES', {}, 4, 'a VF token is wanted: it shares a token with other devices'],
  [bind, 'EAGAIN', {}, 1, 'the device is busy with a reset'],
  [bind, 'ENODEV', {}, 3, 'the device is being removed'],
  [bind, 'EBADFD', {}, 5, '/dev/iommu is not an iommufd'],
  [bind, 'EBADF', {}, 5, '/dev/iommu is not an iommufd'],
  [bind, 'ENOTTY', {}, 5, 'the driver of this device cannot be bound to an iommufd'],
  [bind, 'ENOMEM', {}, 1, 'VFIO_DEVICE_BIND_IOMMUFD gave ENOMEM'],
  [attach, 'EPERM', {}, 1, 'the address space cannot be attached: interrupts are not isolated'],
  [
    attach,
    'EINVAL',
    {},
    1,
    'the address space cannot be attached: VFIO_DEVICE_ATTACH_IOMMUFD_PT gave EINVAL',
  ],
  [attach, 'ENOTTY', {}, 5, 'this device has no address space to attach'],
  [attach, 'ENOMEM', {}, 1, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT gave ENOMEM'],
  ['IOMMU_IOAS_ALLOC', 'EOPNOTSUPP', {}, 5, 'this device has no address space to attach'],

  [
    'VFIO_GROUP_GET_STATUS',
    'not-viable',
    { siblings: [hostSibling] },
    1,
    'group 14 is not viable: sibling 0000:02:02.0 is on e1000e',
  ],
  [
    'VFIO_GROUP_GET_STATUS',
    'not-viable',
    {},
    1,
    'group 14 is not viable: the kernel or another program has one of its devices',
  ],
  ['VFIO_GROUP_GET_STATUS', 'EFAULT', {}, 1, 'VFIO_GROUP_GET_STATUS gave EFAULT'],
  ['VFIO_GET_API_VERSION', 'api-version 1', {}, 5, "the container's interface is version 1, expected 0"],
  ['VFIO_GET_API_VERSION', 'api-version', {}, 5, "the container's interface is version ?, expected 0"],
  [
    'VFIO_CHECK_EXTENSION',
    'no-type1v2',
    {},
    5,
    "/dev/vfio/vfio: this kernel's containers have no type 1 IOMMU",
  ],
  [
    'VFIO_GROUP_SET_CONTAINER',
    'EPERM',
    { siblings: [hostSibling] },
    1,
    'group 14 is not viable: sibling 0000:02:02.0 is on e1000e',
  ],
  ['VFIO_SET_IOMMU', 'EPERM', {}, 1, 'interrupts are not isolated by the IOMMU'],
  [
    'VFIO_SET_IOMMU',
    'EBUSY',
    { holders: [groupHolder] },
    1,
    'in use by pid 4711 (qemu-system-x86) through the group node',
  ],
  ['VFIO_SET_IOMMU', 'ENODEV', {}, 5, 'the container does not take the group: VFIO_SET_IOMMU gave ENODEV'],
  ['VFIO_SET_IOMMU', 'ENODEV', { noIommu: true }, 5, 'a no-IOMMU group takes no IOMMU of type 1'],
  ['VFIO_SET_IOMMU', 'ENOMEM', {}, 1, 'VFIO_SET_IOMMU gave ENOMEM'],
  [device, 'ENODEV', {}, 3, 'the device is being removed'],
  [
    device,
    'EACCES',
    { pf: { name: '0000:01:00.0', driver: 'vfio-pci' } },
    4,
    'a VF token is wanted: its PF 0000:01:00.0 is on vfio-pci',
  ],
  [device, 'EINVAL', { tokenGiven: true }, 1, 'the device takes no VF token'],
  [
    device,
    'EINVAL',
    { holders: [deviceHolder] },
    1,
    'in use by pid 4711 (qemu-system-x86) through its group',
  ],
  [device, 'EBUSY', { holders: [deviceHolder] }, 1, 'in use by pid 4711 (qemu-system-x86) through its group'],
  [device, 'EAGAIN', {}, 1, 'the device is busy with a reset'],
  [device, 'EIO', {}, 1, 'the device does not work: VFIO_GROUP_GET_DEVICE_FD gave EIO'],
  ['somewhere', '', {}, 1, 'somewhere gave no errno'],
];

function failureOf(step: string, reason: string): ProbeFailure {
  if (reason === '') return { step };
  if (/^E[A-Z0-9]+$/.test(reason)) return { step, errno: reason };
  const [trouble, found] = reason.split(' ');
  return {
    step,
    reason: trouble as NonNullable<ProbeFailure['reason']>,
    ...(found !== undefined && { found }),
  };
}

for (const [step, reason, overrides, status, cause] of table)
  test(`explain ${step}, ${reason || 'no errno'}, with ${JSON.stringify(Object.keys(overrides))}: status ${status}, ${cause}`, (t) => {
    const explanation = explain(failureOf(step, reason), { ...defaults, ...overrides });
    t.deepEqual([explanation.status as number, explanation.cause], [status, cause]);
    t.regex(explanation.remedy, /^\S[^\n]{5,}$/);
  });

test('explain never describes EINVAL of BIND as an invalid argument', (t) => {
  for (const overrides of [{}, { holders: [qemu] }, { incomplete }, { token: true }]) {
    const { cause, remedy } = explain({ step: bind, errno: 'EINVAL' }, { ...defaults, ...overrides });
    t.notRegex(cause + remedy, /invalid|EINVAL/i);
  }
});

test('explainInUse lists a process once per interface, and at most three processes', (t) => {
  const many = [1, 2, 3, 4, 5].map((pid) => ({ ...qemu, pid }));
  t.is(
    explainInUse({ holders: [qemu, { ...qemu, fd: 10 }] }).cause,
    'in use by pid 4711 (qemu-system-x86) through the cdev',
  );
  t.regex(explainInUse({ holders: many }).cause, /pid 1 .*pid 2 .*pid 3 .* and 2 more$/);
});

test('explainInUse shows only the pid of a holder without a name, and escapes control characters in names', (t) => {
  const { command: _command, ...nameless } = qemu;
  t.is(explainInUse({ holders: [nameless] }).cause, 'in use by pid 4711 through the cdev');
  t.notRegex(explainInUse({ holders: [{ ...qemu, command: 'a\u001b[2Jb\n' }] }).cause, /[\u001b\n]/);
});

test('explainTimeout reports the step and the timeout', (t) => {
  const { status, cause } = explainTimeout('open node', 2.5);
  t.deepEqual([status as number, cause], [1, 'did not answer within 2.5 s at open node']);
});

test('explain omits owner and mode of a node that does not exist', (t) => {
  const nodes = { ...defaults.nodes, iommu: { path: '/dev/iommu' } };
  const { cause } = explain({ step: 'open iommu', errno: 'EACCES' }, { ...defaults, nodes });
  t.is(cause, 'not permitted: /dev/iommu, you are uid 1000');
});
