import test from 'ava';
import type { ProbeRequest } from '../../src/probe/request.ts';
import { runProbe } from '../../src/probe/run.ts';
import { type FakeNode, fail, fakeCalls } from '../helpers/fake-calls.ts';
import { fakeContainer, fakeGroup, fakeIommu, fakeVfio } from '../helpers/fake-vfio.ts';

const request: ProbeRequest = {
  depth: 'open',
  name: '0000:00:04.0',
  node: '/dev/vfio/devices/vfio0',
  devnum: '247:0',
  devAttribute: '/sys/dev',
  iommu: '/dev/iommu',
  group: '/dev/vfio/14',
  container: '/dev/vfio/vfio',
  attach: false,
};

function probe(more: Partial<ProbeRequest>, nodes: Record<string, FakeNode> = {}, dev = '247:0\n') {
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
  return { answer: runProbe(calls, { ...request, ...more }), calls };
}

const node = (fake: FakeNode) => ({ '/dev/vfio/devices/vfio0': fake });

test('the harmless probe opens, asks what no unbound device answers, and closes', (t) => {
  const { answer, calls } = probe({});
  t.deepEqual(answer, { openable: true });
  t.deepEqual(calls.log, ['open node', 'VFIO_DEVICE_GET_INFO', 'close']);
});

const failures: readonly [title: string, nodes: Record<string, FakeNode>, dev: string, answer: object][] = [
  [
    'a node of another number is another device',
    node({ devnum: '1:3' }),
    '247:0\n',
    { step: 'fstat node', trouble: 'other-device', found: '1:3' },
  ],
  [
    'a file is no node',
    node({ kind: 'file' }),
    '247:0\n',
    { step: 'fstat node', trouble: 'other-device', found: 'file' },
  ],
  [
    'a device whose number went to another one has moved',
    {},
    '247:1\n',
    { step: 'read dev', trouble: 'moved' },
  ],
  ['a device that left has moved', {}, '', { step: 'read dev', trouble: 'moved' }],
  [
    'ENOTTY is no VFIO device',
    node({ devnum: '247:0' }),
    '247:0\n',
    { step: 'VFIO_DEVICE_GET_INFO', errno: 'ENOTTY' },
  ],
  [
    'a device that answers unbound is no VFIO device',
    node(fakeVfio({ bound: true })),
    '247:0\n',
    { step: 'VFIO_DEVICE_GET_INFO', trouble: 'answered-unbound' },
  ],
  ['a refused open is told', node({ refuses: 'EACCES' }), '247:0\n', { step: 'open node', errno: 'EACCES' }],
];
for (const [title, nodes, dev, answer] of failures)
  test(`${title}, and nothing stays open`, (t) => {
    const found = probe({}, nodes, dev);
    t.deepEqual(found.answer as object, { openable: false, ...answer });
    t.is(found.calls.opened(), 0);
  });

test('an attribute that can not be read is told', (t) => {
  const calls = fakeCalls(node(fakeVfio()));
  const broken = { ...calls, read: () => fail('EIO') };
  t.deepEqual(runProbe(broken, request), { openable: false, step: 'ioctl', errno: 'EIO' });
});

test('a device without a node has none to open', (t) => {
  const { node: _node, devnum: _devnum, ...without } = request;
  t.deepEqual(runProbe(fakeCalls({}), without), { openable: false, step: 'open node', trouble: 'no-node' });
});

test('BIND tells flags, regions with their capabilities, and irqs', (t) => {
  const { answer, calls } = probe({ depth: 'bind' });
  t.deepEqual(answer, {
    openable: true,
    details: {
      flags: ['reset', 'pci'],
      numRegions: 3,
      numIrqs: 2,
      regions: [
        {
          index: 0,
          name: 'bar0',
          size: 0x4000,
          flags: ['read', 'write', 'mmap', 'caps'],
          capabilities: [
            { id: 1, version: 1, name: 'sparse-mmap', areas: [{ offset: 0x1000, size: 0x2000 }] },
            { id: 3, version: 1, name: 'msix-mappable' },
          ],
        },
        { index: 2, name: 'bar2', size: 0x100, flags: ['read', 'write'], capabilities: [] },
      ],
      irqs: [
        { index: 0, name: 'intx', count: 1, flags: ['eventfd', 'maskable', 'automasked'] },
        { index: 1, name: 'msi', count: 1, flags: ['eventfd', 'noresize'] },
      ],
    },
  });
  t.is(calls.opened(), 0);
  // The device is closed before the iommufd that it was bound to.
  t.deepEqual(calls.log.slice(0, 4), [
    'open iommu',
    'open node',
    'VFIO_DEVICE_GET_INFO',
    'VFIO_DEVICE_BIND_IOMMUFD',
  ]);
});

test('BIND without a token has the size that every kernel takes', (t) => {
  let given = '';
  probe({ depth: 'bind' }, node(fakeVfio({ onBind: (bytes) => (given = bytes.toString('hex')) })));
  t.is(given, '10000000000000000a00000000000000');
});

test('a VF token goes along by its address', (t) => {
  let given = '';
  const token = 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3';
  probe({ depth: 'bind', token }, node(fakeVfio({ onBind: (bytes) => (given = bytes.toString('hex')) })));
  t.is(given, '18000000010000000a00000000000000bc9a785634120000');
});

test('an I/O address space is attached when that was asked for', (t) => {
  const { answer, calls } = probe({ depth: 'bind', attach: true });
  t.true(answer.openable && answer.details?.attached);
  t.deepEqual(calls.log.slice(-4), ['IOMMU_IOAS_ALLOC', 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', 'close', 'close']);
});

test('a failed BIND or attach is told by its call, and nothing stays open', (t) => {
  for (const [more, fake, step] of [
    [{}, { bind: 'EINVAL' }, 'VFIO_DEVICE_BIND_IOMMUFD'],
    [{ attach: true }, { attach: 'EINVAL' }, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT'],
  ] as const) {
    const { answer, calls } = probe({ depth: 'bind', ...more }, node(fakeVfio(fake)));
    t.deepEqual(answer, { openable: false, step, errno: 'EINVAL' });
    t.is(calls.opened(), 0);
  }
});

test('BIND does not touch a device that is not the right one', (t) => {
  const { answer, calls } = probe({ depth: 'bind' }, {}, '247:1\n');
  t.deepEqual(answer, { openable: false, step: 'read dev', trouble: 'moved' });
  t.false(calls.log.includes('VFIO_DEVICE_BIND_IOMMUFD'));
});

test('without /dev/iommu the device is not even opened', (t) => {
  const calls = fakeCalls(node(fakeVfio()));
  t.deepEqual(runProbe(calls, { ...request, depth: 'bind' }), {
    openable: false,
    step: 'open iommu',
    errno: 'ENOENT',
  });
  t.deepEqual(calls.log, ['open iommu']);
});

test('through the group the same device tells the same', (t) => {
  const { answer, calls } = probe({ depth: 'group' });
  t.true(answer.openable);
  t.deepEqual(answer.openable && answer.details?.regions.map(({ name }) => name), ['bar0', 'bar2']);
  t.is(calls.opened(), 0);
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

test('a group is asked for the device by its name, with the token behind it', (t) => {
  const asked: string[] = [];
  const group = fakeGroup();
  const seen: FakeNode = {
    ioctls: {
      ...group.ioctls,
      VFIO_GROUP_GET_DEVICE_FD: (bytes) => {
        asked.push(bytes.toString());
        return 0;
      },
    },
  };
  probe({ depth: 'group' }, { '/dev/vfio/14': seen });
  probe({ depth: 'group', token: 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3' }, { '/dev/vfio/14': seen });
  t.deepEqual(asked, ['0000:00:04.0\0', '0000:00:04.0 vf_token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3\0']);
});

const groups: readonly [title: string, nodes: Record<string, FakeNode>, answer: object][] = [
  [
    'a group that is not viable is told',
    { '/dev/vfio/14': fakeGroup(false) },
    { step: 'VFIO_GROUP_GET_STATUS', trouble: 'not-viable' },
  ],
  [
    'another version of the interface is told',
    { '/dev/vfio/vfio': fakeContainer({ version: 1 }) },
    { step: 'VFIO_GET_API_VERSION', trouble: 'api-version', found: '1' },
  ],
  [
    'a container without a type 1 IOMMU is told',
    { '/dev/vfio/vfio': fakeContainer({ type1: false }) },
    { step: 'VFIO_CHECK_EXTENSION', trouble: 'no-type1v2' },
  ],
];
for (const [title, nodes, answer] of groups)
  test(`${title}, and nothing stays open`, (t) => {
    const found = probe({ depth: 'group' }, nodes);
    t.deepEqual(found.answer as object, { openable: false, ...answer });
    t.is(found.calls.opened(), 0);
  });

test('a device without a group has none to open', (t) => {
  const { group: _group, ...without } = request;
  t.deepEqual(runProbe(fakeCalls({}), { ...without, depth: 'group' }), {
    openable: false,
    step: 'open group',
    trouble: 'no-group',
  });
});

test('a fault of the program is no answer', (t) => {
  const calls = { ...fakeCalls({}), open: () => fault() };
  t.throws(() => runProbe(calls, request), { message: 'fault' });
});

function fault(): never {
  throw new Error('fault');
}

test('a device that talks of too much is asked for no more than it says first', (t) => {
  const greedy = fakeVfio();
  const info: FakeNode = {
    ...greedy,
    ioctls: {
      ...greedy.ioctls,
      VFIO_DEVICE_GET_REGION_INFO: (bytes) => {
        bytes.writeUInt32LE(0xffff_ffff, 0);
        return 0;
      },
    },
  };
  const { answer } = probe({ depth: 'bind' }, node(info));
  t.true(answer.openable);
});

test('an index that fails otherwise than by EINVAL is a failed probe', (t) => {
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
