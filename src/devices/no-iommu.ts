/** Detects devices that VFIO exposes without an IOMMU (module parameter enable_unsafe_noiommu_mode). */
import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import type { Device } from './device.ts';

/**
 * Whether the device has no IOMMU. Checks VFIO's name of the group, `noiommu-14` (vfio_create_group in
 * drivers/vfio/group.c): up to Linux 7.2 such a device is called `vfioN` like any other, and VFIO creates an IOMMU group
 * for it alone. `group` is that group's number.
 */
export function isNoIommu(files: Files, root: Root, device: Device, group: string | undefined): boolean {
  if (device.sysname.startsWith('noiommu-')) return true;
  if (group === undefined || device.devnum !== undefined) return false;
  const groupPath = pathBelow(root, `/sys/class/vfio/noiommu-${group}`);
  return ignoring(() => files.lstat(groupPath), 'ENOENT', 'ENOTDIR', 'EACCES') !== undefined;
}
