/** Whether VFIO gives a device out without an IOMMU (its parameter enable_unsafe_noiommu_mode). Knows nothing of nodes. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';

/**
 * By VFIO's own name of the group, `noiommu-14` (vfio_create_group in drivers/vfio/group.c): up to Linux 7.2 such a device is
 * called `vfioN` like any other, and its IOMMU group is one that VFIO made for it alone. `group` is that group's number.
 */
export function isNoIommu(files: Files, root: Root, device: Device, group: string | undefined): boolean {
  if (device.sysname.startsWith('noiommu-')) return true;
  if (group === undefined || device.devnum !== undefined) return false;
  const own = at(root, `/sys/class/vfio/noiommu-${group}`);
  return attempt(() => files.lstat(own), 'ENOENT', 'ENOTDIR', 'EACCES') !== undefined;
}
