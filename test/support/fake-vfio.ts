/**
 * A fake VFIO device as a table of ioctls, which fail with EINVAL until it is bound: a PCI function with two regions
 * and two IRQs.
 */
import { type FakeIoctl, type FakeNode, fail } from './fake-calls.ts';

export interface FakeVfio {
  readonly devnum?: string;
  /** The errno of BIND. */
  readonly bind?: string;
  /** The errno of ATTACH. */
  readonly attach?: string;
  /** Whether ioctls work without BIND, like on a device descriptor of a group. */
  readonly bound?: boolean;
  /** Called with the argument of BIND. */
  readonly onBind?: (bytes: Buffer) => void;
}

/** Region 0 has the capabilities sparse-mmap and msix-mappable, region 1 fails with EINVAL, region 2 is the last. */
function regionInfo(bytes: Buffer): number {
  const index = bytes.readUInt32LE(8);
  if (index === 1) return fail('EINVAL');
  bytes.writeUInt32LE(index === 0 ? 0xf : 0x3, 4);
  bytes.writeBigUInt64LE(index === 0 ? 0x4000n : 0x100n, 16);
  if (index !== 0) return 0;
  const size = bytes.readUInt32LE(0);
  bytes.writeUInt32LE(72, 0);
  if (size < 72) return 0;
  bytes.writeUInt32LE(32, 12);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(1, 34);
  bytes.writeUInt32LE(64, 36);
  bytes.writeUInt32LE(1, 40);
  bytes.writeBigUInt64LE(0x1000n, 48);
  bytes.writeBigUInt64LE(0x2000n, 56);
  bytes.writeUInt16LE(3, 64);
  bytes.writeUInt16LE(1, 66);
  return 0;
}

function irqInfo(bytes: Buffer): number {
  bytes.writeUInt32LE(bytes.readUInt32LE(8) === 0 ? 0x7 : 0x9, 4);
  bytes.writeUInt32LE(1, 12);
  return 0;
}

export function fakeVfio(fake: FakeVfio = {}): FakeNode {
  let bound = fake.bound ?? false;
  const whenBound =
    (fn: FakeIoctl): FakeIoctl =>
    (bytes, number) =>
      bound ? fn(bytes, number) : fail('EINVAL');
  return {
    devnum: fake.devnum ?? '247:0',
    ioctls: {
      VFIO_DEVICE_GET_INFO: whenBound((bytes) => {
        bytes.writeUInt32LE(3, 4);
        bytes.writeUInt32LE(3, 8);
        bytes.writeUInt32LE(2, 12);
        return 0;
      }),
      VFIO_DEVICE_GET_REGION_INFO: whenBound(regionInfo),
      VFIO_DEVICE_GET_IRQ_INFO: whenBound(irqInfo),
      VFIO_DEVICE_BIND_IOMMUFD: (bytes) => {
        if (fake.bind !== undefined) fail(fake.bind);
        fake.onBind?.(bytes);
        bound = true;
        return 0;
      },
      VFIO_DEVICE_ATTACH_IOMMUFD_PT: whenBound(() => (fake.attach === undefined ? 0 : fail(fake.attach))),
    },
  };
}

/** /dev/iommu. */
export const fakeIommu: FakeNode = {
  devnum: '10:125',
  ioctls: {
    IOMMU_IOAS_ALLOC: (bytes) => {
      bytes.writeUInt32LE(7, 8);
      return 0;
    },
  },
};

/** The node of a group, for `fakeCalls`. */
export function fakeGroup(viable = true): FakeNode {
  return {
    devnum: '511:14',
    ioctls: {
      VFIO_GROUP_GET_STATUS: (bytes) => {
        bytes.writeUInt32LE(viable ? 1 : 0, 4);
        return 0;
      },
      VFIO_GROUP_SET_CONTAINER: () => 0,
      VFIO_GROUP_GET_DEVICE_FD: () => 0,
    },
  };
}

export function fakeContainer({ version = 0, type1 = true } = {}): FakeNode {
  return {
    devnum: '10:196',
    ioctls: {
      VFIO_GET_API_VERSION: () => version,
      VFIO_CHECK_EXTENSION: (_bytes, number) => (type1 && number === 3 ? 1 : 0),
      VFIO_SET_IOMMU: () => 0,
    },
  };
}
