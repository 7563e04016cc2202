/** One function for each ioctl(2) of a probe. Each throws CallError if the kernel reports an error. */
import { isLittleEndian } from '../system/byte-order.ts';
import { CallError, type DeviceCalls, type Ioctl } from '../system/calls.ts';
import { encodeUtf8 } from '../text/utf8.ts';
import { constants, decode, encode, ioctls, minimumSizes, structs, viewOf } from './layout.ts';

/** In bytes; larger than any real capability chain. If the kernel reports more, the chain is not read. */
const MAX_REGION_INFO_SIZE = 1 << 16;

/** VFIO_GET_API_VERSION on a container: the version of the container interface. */
export function getApiVersion(calls: DeviceCalls, container: number): number {
  return calls.ioctl(container, ioctls.getApiVersion);
}

/** VFIO_CHECK_EXTENSION on a container: whether it supports the IOMMU type `extension`. */
export function checkExtension(calls: DeviceCalls, container: number, extension: number): boolean {
  return calls.ioctl(container, ioctls.checkExtension, extension) > 0;
}

/** VFIO_SET_IOMMU on a container that has a group. */
export function setIommu(calls: DeviceCalls, container: number, kind: number): void {
  calls.ioctl(container, ioctls.setIommu, kind);
}

/** VFIO_GROUP_GET_STATUS: whether no device of the group is bound to a host driver. */
export function isViable(calls: DeviceCalls, group: number): boolean {
  const status = structs.vfio_group_status;
  const bytes = encode(status, { argsz: status.size });
  calls.ioctl(group, ioctls.groupGetStatus, bytes);
  return (Number(decode(status, bytes).flags) & constants.VFIO_GROUP_FLAGS_VIABLE) !== 0;
}

/** VFIO_GROUP_SET_CONTAINER: adds the group to the container. */
export function setContainer(calls: DeviceCalls, group: number, container: number): void {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, container, isLittleEndian);
  calls.ioctl(group, ioctls.groupSetContainer, bytes);
}

/**
 * VFIO_GROUP_GET_DEVICE_FD: returns a new descriptor. The token of a VF is appended to the name
 * (vfio_pci_core_match).
 */
export function getDeviceFd(calls: DeviceCalls, group: number, name: string, token?: string): number {
  const argument = token === undefined ? name : `${name} vf_token=${token}`;
  return calls.ioctl(group, ioctls.groupGetDeviceFd, encodeUtf8(`${argument}\0`));
}

interface DeviceInfo {
  readonly flags: number;
  readonly numRegions: number;
  readonly numIrqs: number;
}

/** VFIO_DEVICE_GET_INFO. */
export function getInfo(calls: DeviceCalls, device: number): DeviceInfo {
  const info = structs.vfio_device_info;
  const bytes = encode(info, { argsz: info.size });
  calls.ioctl(device, ioctls.getInfo, bytes);
  const values = decode(info, bytes);
  return {
    flags: Number(values.flags),
    numRegions: Number(values.num_regions),
    numIrqs: Number(values.num_irqs),
  };
}

/**
 * VFIO_DEVICE_GET_REGION_INFO with capabilities; returns `undefined` for an index that the device does not
 * have (EINVAL).
 */
export function getRegionInfo(calls: DeviceCalls, device: number, index: number): Uint8Array | undefined {
  const { size } = structs.vfio_region_info;
  const bytes = getIndexedInfo(calls, device, ioctls.getRegionInfo, index, size);
  const needed = bytes ? viewOf(bytes).getUint32(0, isLittleEndian) : 0;
  // The kernel writes the size it needs to argsz; call again with a buffer of that size.
  return needed > size && needed <= MAX_REGION_INFO_SIZE
    ? getIndexedInfo(calls, device, ioctls.getRegionInfo, index, needed)
    : bytes;
}

/** VFIO_DEVICE_GET_IRQ_INFO; returns `undefined` for an index that the device does not have (EINVAL). */
export function getIrqInfo(calls: DeviceCalls, device: number, index: number): Uint8Array | undefined {
  return getIndexedInfo(calls, device, ioctls.getIrqInfo, index, structs.vfio_irq_info.size);
}

/** Calls an info ioctl by index; both info structs begin with argsz, flags, index. */
function getIndexedInfo(calls: DeviceCalls, device: number, ioctl: Ioctl, index: number, size: number) {
  const bytes = encode(structs.vfio_irq_info, { argsz: size, index }, size);
  try {
    calls.ioctl(device, ioctl, bytes);
    return bytes;
  } catch (error) {
    if (error instanceof CallError && error.code === 'EINVAL') return undefined;
    throw error;
  }
}

/**
 * VFIO_DEVICE_BIND_IOMMUFD: claims the device and resets it. `token`: the 16 bytes of a VF token (struct of
 * Linux 6.17).
 */
export function bindIommufd(calls: DeviceCalls, device: number, iommufd: number, token?: Uint8Array): void {
  const struct = structs.vfio_device_bind_iommufd;
  const bytes =
    token === undefined
      ? encode(struct, { argsz: minimumSizes.bind, iommufd }, minimumSizes.bind)
      : encode(struct, {
          argsz: struct.size,
          flags: constants.VFIO_DEVICE_BIND_FLAG_TOKEN,
          iommufd,
          token_uuid_ptr: calls.address(token),
        });
  calls.ioctl(device, ioctls.bindIommufd, bytes);
}

/** IOMMU_IOAS_ALLOC: returns the ID of a new, empty I/O address space. */
export function allocateIoas(calls: DeviceCalls, iommufd: number): number {
  const struct = structs.iommu_ioas_alloc;
  const bytes = encode(struct, { size: struct.size });
  calls.ioctl(iommufd, ioctls.ioasAlloc, bytes);
  return Number(decode(struct, bytes).out_ioas_id);
}

/** VFIO_DEVICE_ATTACH_IOMMUFD_PT: attaches the device to an I/O address space. */
export function attachIoas(calls: DeviceCalls, device: number, ioas: number): void {
  const struct = structs.vfio_device_attach_iommufd_pt;
  const bytes = encode(struct, { argsz: minimumSizes.attach, pt_id: ioas }, minimumSizes.attach);
  calls.ioctl(device, ioctls.attachIommufdPt, bytes);
}
