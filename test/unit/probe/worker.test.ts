import test from 'ava';
import type { ProbeRequest } from '../../../src/probe/protocol.ts';
import { runProbe } from '../../../src/probe/worker.ts';
import { type FakeNode, fail, fakeCalls } from '../../support/fake-calls.ts';
import { fakeContainer, fakeGroup, fakeIommu, fakeVfio } from '../../support/fake-vfio.ts';

const request: ProbeRequest = {
  depth: 'open',
  name: '0000:00:04.0',
  node: '/dev/vfio/devices/vfio0',
  devnum: '247:0',
  devAttribute: '/sys/dev',
  iommu: { path: '/dev/iommu', devnum: '10:125' },
  group: { path: '/dev/vfio/14', devnum: '511:14' },
  container: { path: '/dev/vfio/vfio', devnum: '10:196' },
  attach: false,
};

function probe(overrides: Partial<ProbeRequest>, nodes: Record<string, FakeNode> = {}, dev = '247:0\n') {
  const calls = fakeCalls(
    {
      '/dev/vfio/devices/vfio0': fakeVfio(),
      '/dev/iommu': fakeIommu,
      '/dev/vfio/14': fakeGroup(),
      '/dev/vfio/vfio': fakeContainer(),
      device: fakeVfio({ bound: true }),
      ...nodes,
    },
    dev === '' ? {} : { '/sys/dev': dev },
  );
  return { answer: runProbe(calls, { ...request, ...overrides }), calls };
}

const node = (fake: FakeNode) => ({ '/dev/vfio/devices/vfio0': fake });

test('probe open calls only GET_INFO on the node, and closes it', (t) => {
  const { answer, calls } = probe({});
  t.deepEqual(answer, { openable: true });
  t.deepEqual(calls.log, ['open node', 'VFIO_DEVICE_GET_INFO', 'close']);
});

test('probe opens no node before its number is compared', (t) => {
  const found = probe({}, node({ devnum: '1:10' }));
  t.deepEqual(found.calls.log, []);
  const bind = probe({ depth: 'bind' }, { '/dev/iommu': { devnum: '1:3' } });
  t.deepEqual(bind.answer as object, {
    openable: false,
    step: 'fstat iommu',
    reason: 'node-mismatch',
    found: '1:3',
  });
  t.deepEqual(bind.calls.log, []);
  for (const [kind, path] of [
    ['group', '/dev/vfio/14'],
    ['container', '/dev/vfio/vfio'],
  ] as const) {
    const { answer, calls } = probe({ depth: 'group' }, { [path]: { devnum: '1:3' } });
    t.like(answer, { openable: false, step: `fstat ${kind}` });
    t.false(calls.log.includes(`open ${kind}`));
  }
});

test('probe opens no node that has no number in sysfs', (t) => {
  const { answer, calls } = probe({ depth: 'bind', iommu: { path: '/dev/iommu' } });
  t.deepEqual(answer as object, { openable: false, step: 'open iommu', errno: 'ENODEV' });
  t.deepEqual(calls.log, []);
});

const failures: readonly [title: string, nodes: Record<string, FakeNode>, dev: string, answer: object][] = [
  [
    'probe open rejects a node with another device number',
    node({ devnum: '1:3' }),
    '247:0\n',
    { step: 'fstat node', reason: 'node-mismatch', found: '1:3' },
  ],
  [
    'probe open rejects a regular file',
    node({ kind: 'file' }),
    '247:0\n',
    { step: 'fstat node', reason: 'node-mismatch', found: 'file' },
  ],
  [
    'probe open fails if the number of the node was reused',
    {},
    '247:1\n',
    { step: 'read dev', reason: 'device-changed' },
  ],
  ['probe open fails if the device is gone', {}, '', { step: 'read dev', reason: 'device-changed' }],
  [
    'probe open rejects a node that does not support GET_INFO',
    node({ devnum: '247:0' }),
    '247:0\n',
    { step: 'VFIO_DEVICE_GET_INFO', errno: 'ENOTTY' },
  ],
  [
    'probe open rejects a node on which GET_INFO succeeds before BIND',
    node(fakeVfio({ bound: true })),
    '247:0\n',
    { step: 'VFIO_DEVICE_GET_INFO', reason: 'not-vfio' },
  ],
  [
    'probe open returns the errno of a failed open',
    node({ devnum: '247:0', openError: 'EACCES' }),
    '247:0\n',
    { step: 'open node', errno: 'EACCES' },
  ],
];
for (const [title, nodes, dev, answer] of failures)
  test(`${title}, and closes all descriptors`, (t) => {
    const found = probe({}, nodes, dev);
    t.deepEqual(found.answer as object, { openable: false, ...answer });
    t.is(found.calls.openCount(), 0);
  });

test('probe open returns the errno if the dev attribute cannot be read', (t) => {
  const calls = fakeCalls(node(fakeVfio()));
  const broken = { ...calls, read: () => fail('EIO') };
  t.deepEqual(runProbe(broken, request), { openable: false, step: 'ioctl', errno: 'EIO' });
});

test('probe open fails for a device without a node', (t) => {
  const { node: _node, devnum: _devnum, ...without } = request;
  t.deepEqual(runProbe(fakeCalls({}), without), { openable: false, step: 'open node', reason: 'no-node' });
});

test('probe bind returns flags, regions with capabilities, and irqs', (t) => {
  const { answer, calls } = probe({ depth: 'bind' });
  t.deepEqual(answer, {
    openable: true,
    details: {
      flags: ['reset', 'pci'],
      regionCount: 3,
      irqCount: 2,
      regions: [
        {
          index: 0,
          region: 'bar0',
          size: 0x4000,
          flags: ['read', 'write', 'mmap', 'caps'],
          capabilities: [
            {
              capabilityId: 1,
              capabilityVersion: 1,
              capability: 'sparse-mmap',
              areas: [{ offset: 0x1000, size: 0x2000 }],
            },
            { capabilityId: 3, capabilityVersion: 1, capability: 'msix-mappable' },
          ],
        },
        { index: 2, region: 'bar2', size: 0x100, flags: ['read', 'write'], capabilities: [] },
      ],
      irqs: [
        { index: 0, irq: 'intx', count: 1, flags: ['eventfd', 'maskable', 'automasked'] },
        { index: 1, irq: 'msi', count: 1, flags: ['eventfd', 'noresize'] },
      ],
    },
  });
  t.is(calls.openCount(), 0);
  // The iommufd is opened first so that it is closed last.
  t.deepEqual(calls.log.slice(0, 4), [
    'open iommu',
    'open node',
    'VFIO_DEVICE_GET_INFO',
    'VFIO_DEVICE_BIND_IOMMUFD',
  ]);
});

test('probe bind without a token passes the struct size that every kernel accepts', (t) => {
  let given = '';
  probe({ depth: 'bind' }, node(fakeVfio({ onBind: (bytes) => (given = bytes.toString('hex')) })));
  t.is(given, '10000000000000000a00000000000000');
});

test('probe bind passes the address of the VF token', (t) => {
  let given = '';
  const token = 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3';
  probe({ depth: 'bind', token }, node(fakeVfio({ onBind: (bytes) => (given = bytes.toString('hex')) })));
  t.is(given, '18000000010000000a00000000000000bc9a785634120000');
});

test('probe bind attaches an I/O address space if requested', (t) => {
  const { answer, calls } = probe({ depth: 'bind', attach: true });
  t.true(answer.openable && answer.details?.attached);
  t.deepEqual(calls.log.slice(-4), ['IOMMU_IOAS_ALLOC', 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', 'close', 'close']);
});

test('probe bind returns the failed call and closes all descriptors if BIND or attach fails', (t) => {
  for (const [overrides, fake, step] of [
    [{}, { bind: 'EINVAL' }, 'VFIO_DEVICE_BIND_IOMMUFD'],
    [{ attach: true }, { attach: 'EINVAL' }, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT'],
  ] as const) {
    const { answer, calls } = probe({ depth: 'bind', ...overrides }, node(fakeVfio(fake)));
    t.deepEqual(answer, { openable: false, step, errno: 'EINVAL' });
    t.is(calls.openCount(), 0);
  }
});

test('probe bind does not call BIND on a node of another device', (t) => {
  const { answer, calls } = probe({ depth: 'bind' }, {}, '247:1\n');
  t.deepEqual(answer, { openable: false, step: 'read dev', reason: 'device-changed' });
  t.false(calls.log.includes('VFIO_DEVICE_BIND_IOMMUFD'));
});

test('probe bind does not open the device without /dev/iommu', (t) => {
  const calls = fakeCalls(node(fakeVfio()));
  t.deepEqual(runProbe(calls, { ...request, depth: 'bind' }), {
    openable: false,
    step: 'open iommu',
    errno: 'ENOENT',
  });
  t.deepEqual(calls.log, []);
});

test('probe group returns the same regions as probe bind', (t) => {
  const { answer, calls } = probe({ depth: 'group' });
  t.true(answer.openable);
  t.deepEqual(answer.openable && answer.details?.regions.map(({ region }) => region), ['bar0', 'bar2']);
  t.is(calls.openCount(), 0);
  t.deepEqual(calls.log.slice(0, 8), [
    'open group',
    'VFIO_GROUP_GET_STATUS',
    'open container',
    'VFIO_GET_API_VERSION',
    'VFIO_CHECK_EXTENSION',
    'VFIO_GROUP_SET_CONTAINER',
    'VFIO_SET_IOMMU',
    'VFIO_GROUP_GET_DEVICE_FD',
  ]);
});

test('probe group requests the device by name, followed by the VF token', (t) => {
  const requested: string[] = [];
  const group = fakeGroup();
  const recording: FakeNode = {
    ...group,
    ioctls: {
      ...group.ioctls,
      VFIO_GROUP_GET_DEVICE_FD: (bytes) => {
        requested.push(bytes.toString());
        return 0;
      },
    },
  };
  probe({ depth: 'group' }, { '/dev/vfio/14': recording });
  probe({ depth: 'group', token: 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3' }, { '/dev/vfio/14': recording });
  t.deepEqual(requested, ['0000:00:04.0\0', '0000:00:04.0 vf_token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3\0']);
});

const groupFailures: readonly [title: string, nodes: Record<string, FakeNode>, answer: object][] = [
  [
    'probe group fails if the group is not viable',
    { '/dev/vfio/14': fakeGroup(false) },
    { step: 'VFIO_GROUP_GET_STATUS', reason: 'not-viable' },
  ],
  [
    'probe group fails if the container has another API version',
    { '/dev/vfio/vfio': fakeContainer({ version: 1 }) },
    { step: 'VFIO_GET_API_VERSION', reason: 'api-version', found: '1' },
  ],
  [
    'probe group fails if the container has no type 1 IOMMU',
    { '/dev/vfio/vfio': fakeContainer({ type1: false }) },
    { step: 'VFIO_CHECK_EXTENSION', reason: 'no-type1v2' },
  ],
];
for (const [title, nodes, answer] of groupFailures)
  test(`${title}, and closes all descriptors`, (t) => {
    const found = probe({ depth: 'group' }, nodes);
    t.deepEqual(found.answer as object, { openable: false, ...answer });
    t.is(found.calls.openCount(), 0);
  });

test('probe group fails for a device without a group', (t) => {
  const { group: _group, ...without } = request;
  t.deepEqual(runProbe(fakeCalls({}), { ...without, depth: 'group' }), {
    openable: false,
    step: 'open group',
    reason: 'no-group',
  });
});

test('runProbe throws errors that are not CallErrors', (t) => {
  const calls = { ...fakeCalls({}), hold: () => crash() };
  t.throws(() => runProbe(calls, request), { message: 'fault' });
});

function crash(): never {
  throw new Error('fault');
}

test('probe bind ignores region info that is larger than the limit', (t) => {
  const device = fakeVfio();
  const oversized: FakeNode = {
    ...device,
    ioctls: {
      ...device.ioctls,
      VFIO_DEVICE_GET_REGION_INFO: (bytes) => {
        bytes.writeUInt32LE(0xffff_ffff, 0);
        return 0;
      },
    },
  };
  const { answer } = probe({ depth: 'bind' }, node(oversized));
  t.true(answer.openable);
});

test('probe bind fails if an index returns an errno other than EINVAL', (t) => {
  const device = fakeVfio();
  const broken: FakeNode = {
    ...device,
    ioctls: { ...device.ioctls, VFIO_DEVICE_GET_IRQ_INFO: () => fail('EIO') },
  };
  t.deepEqual(probe({ depth: 'bind' }, node(broken)).answer, {
    openable: false,
    step: 'VFIO_DEVICE_GET_IRQ_INFO',
    errno: 'EIO',
  });
});
