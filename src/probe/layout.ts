/**
 * The numbers and structs of linux/vfio.h and linux/iommufd.h that a probe uses. The offsets are the same on every machine; the
 * bytes of a number are in the order of the machine. test/unit/probe/layout.c compares them with the headers.
 */
import { isLittleEndian } from '../system/byte-order.ts';
import type { Ioctl } from '../system/calls.ts';

const type = ';'.charCodeAt(0);

/** `_IO(';', number)` of asm-generic/ioctl.h: no direction, no size. */
function io(name: string, number: number): Ioctl {
  return { name, number: (type << 8) | number };
}

export const ioctls = {
  getApiVersion: io('VFIO_GET_API_VERSION', 100),
  checkExtension: io('VFIO_CHECK_EXTENSION', 101),
  setIommu: io('VFIO_SET_IOMMU', 102),
  groupGetStatus: io('VFIO_GROUP_GET_STATUS', 103),
  groupSetContainer: io('VFIO_GROUP_SET_CONTAINER', 104),
  groupGetDeviceFd: io('VFIO_GROUP_GET_DEVICE_FD', 106),
  getInfo: io('VFIO_DEVICE_GET_INFO', 107),
  getRegionInfo: io('VFIO_DEVICE_GET_REGION_INFO', 108),
  getIrqInfo: io('VFIO_DEVICE_GET_IRQ_INFO', 109),
  bindIommufd: io('VFIO_DEVICE_BIND_IOMMUFD', 118),
  attachIommufdPt: io('VFIO_DEVICE_ATTACH_IOMMUFD_PT', 119),
  ioasAlloc: io('IOMMU_IOAS_ALLOC', 0x81),
} as const;

/** Fields of a struct by name: offset and size in bytes. */
type Fields = Readonly<Record<string, readonly [offset: number, size: 2 | 4 | 8]>>;

interface Struct<F extends Fields = Fields> {
  /** sizeof in C. */
  readonly size: number;
  readonly fields: F;
}

const struct = <const F extends Fields>(size: number, fields: F): Struct<F> => ({ size, fields });

export const structs = {
  vfio_group_status: struct(8, { argsz: [0, 4], flags: [4, 4] }),
  vfio_device_info: struct(24, {
    argsz: [0, 4],
    flags: [4, 4],
    num_regions: [8, 4],
    num_irqs: [12, 4],
    cap_offset: [16, 4],
  }),
  vfio_region_info: struct(32, {
    argsz: [0, 4],
    flags: [4, 4],
    index: [8, 4],
    cap_offset: [12, 4],
    size: [16, 8],
    offset: [24, 8],
  }),
  vfio_irq_info: struct(16, { argsz: [0, 4], flags: [4, 4], index: [8, 4], count: [12, 4] }),
  vfio_info_cap_header: struct(8, { id: [0, 2], version: [2, 2], next: [4, 4] }),
  vfio_region_info_cap_sparse_mmap: struct(16, { nr_areas: [8, 4] }),
  vfio_region_sparse_mmap_area: struct(16, { offset: [0, 8], size: [8, 8] }),
  vfio_region_info_cap_type: struct(16, { type: [8, 4], subtype: [12, 4] }),
  /**
   * Linux 6.17 added `token_uuid_ptr`; it is usable since 6.19: before, the call failed with E2BIG if it was
   * set.
   */
  vfio_device_bind_iommufd: struct(24, {
    argsz: [0, 4],
    flags: [4, 4],
    iommufd: [8, 4],
    out_devid: [12, 4],
    token_uuid_ptr: [16, 8],
  }),
  /** Linux 6.15 added `pasid` at the end; every kernel accepts argsz 12. */
  vfio_device_attach_iommufd_pt: struct(16, { argsz: [0, 4], flags: [4, 4], pt_id: [8, 4] }),
  iommu_ioas_alloc: struct(12, { size: [0, 4], flags: [4, 4], out_ioas_id: [8, 4] }),
} as const;

/** Size in bytes of the struct of BIND without the token, and of the struct of ATTACH without the PASID. */
export const minimumSizes = { bind: 16, attach: 12 } as const;

export const constants = {
  VFIO_API_VERSION: 0,
  VFIO_TYPE1v2_IOMMU: 3,
  VFIO_GROUP_FLAGS_VIABLE: 1,
  VFIO_DEVICE_BIND_FLAG_TOKEN: 1,
  VFIO_REGION_INFO_FLAG_CAPS: 8,
  VFIO_REGION_INFO_CAP_SPARSE_MMAP: 1,
  VFIO_REGION_INFO_CAP_TYPE: 2,
  VFIO_REGION_INFO_CAP_MSIX_MAPPABLE: 3,
} as const;

/** Names of the bits of `flags`, lowest first. */
export const flagNames = {
  device: ['reset', 'pci', 'platform', 'amba', 'ccw', 'ap', 'fsl-mc', 'caps', 'cdx'],
  region: ['read', 'write', 'mmap', 'caps'],
  irq: ['eventfd', 'maskable', 'automasked', 'noresize'],
} as const;

/** VFIO_PCI_*_REGION_INDEX and VFIO_PCI_*_IRQ_INDEX; the kernel's sample mdev drivers use them too. */
export const pciNames = {
  regions: ['bar0', 'bar1', 'bar2', 'bar3', 'bar4', 'bar5', 'rom', 'config', 'vga'],
  irqs: ['intx', 'msi', 'msix', 'err', 'req'],
} as const;

type Values<F extends Fields> = { readonly [K in keyof F]: bigint };

/**
 * Returns a zeroed struct of `size` bytes (default: the size of the struct) with the given fields set. No
 * field is set implicitly, argsz included. Throws a RangeError for a field that lies outside `size`.
 */
export function encode<F extends Fields>(
  struct: Struct<F>,
  values: { readonly [K in keyof F]?: number | bigint },
  size: number = struct.size,
): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [name, value] of Object.entries(values)) {
    const field = struct.fields[name];
    if (!field || field[0] + field[1] > size) throw new RangeError(`no field ${name} in ${size} bytes`);
    put(bytes, field, BigInt(value as number | bigint));
  }
  return bytes;
}

/**
 * Returns all fields of the struct at offset `at`. Throws a RangeError if the struct does not fit in `bytes`.
 */
export function decode<F extends Fields>(struct: Struct<F>, bytes: Uint8Array, at = 0): Values<F> {
  if (at < 0 || at + struct.size > bytes.length) throw new RangeError(`no ${struct.size} bytes at ${at}`);
  const entries = Object.entries(struct.fields).map(([name, [offset, size]]) => [
    name,
    get(bytes, at + offset, size),
  ]);
  return Object.fromEntries(entries) as Values<F>;
}

function put(bytes: Uint8Array, [offset, size]: readonly [number, 2 | 4 | 8], value: bigint): void {
  const view = viewOf(bytes);
  if (size === 2) view.setUint16(offset, Number(BigInt.asUintN(16, value)), isLittleEndian);
  else if (size === 4) view.setUint32(offset, Number(BigInt.asUintN(32, value)), isLittleEndian);
  else view.setBigUint64(offset, value, isLittleEndian);
}

function get(bytes: Uint8Array, offset: number, size: 2 | 4 | 8): bigint {
  const view = viewOf(bytes);
  if (size === 2) return BigInt(view.getUint16(offset, isLittleEndian));
  if (size === 4) return BigInt(view.getUint32(offset, isLittleEndian));
  return view.getBigUint64(offset, isLittleEndian);
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
