/** Whether a device has a device node, and why not. */

import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { isDigits } from '../text/digits.ts';
import { printable } from '../text/printable.ts';
import type { Device } from './types.ts';

/**
 * Returns one line on why the device has no node, `undefined` if it has one. `noIommu` is the result of isNoIommu(); the
 * default recognizes no-IOMMU devices by their sysname only.
 */
export function noCdevReason(
  device: Device,
  noIommu: boolean = device.sysname.startsWith('noiommu-'),
): string | undefined {
  if (device.devnum !== undefined) return undefined;
  return noIommu
    ? 'no-IOMMU devices have no node of their own, and no isolation'
    : 'this kernel does not create a node for the device (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU)';
}

/** Why a device called `noiommu-vfioN` has a node and no link to it (Linux 7.3). */
const NO_ISOLATION = 'no name leads to the node of a no-IOMMU device, because it has no isolation';

/** Returns one line on why the device can have no links, `undefined` if it can; `noIommu` as for noCdevReason. */
export function noLinkReason(device: Device, noIommu: boolean): string | undefined {
  if (isNameable(device)) return undefined;
  return noCdevReason(device, noIommu) ?? (noIommu ? NO_ISOLATION : 'not named');
}

/** Whether the device can have links: it has a node and is not a no-IOMMU device. */
export function isNameable({ devnum, sysname }: Device): boolean {
  return devnum !== undefined && sysname.startsWith('vfio') && isDigits(sysname, 'vfio'.length);
}

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

/** What resolve, exec and cdi say of a device whose node they hand over although it has no IOMMU. */
export function noIsolationWarning({ name }: Pick<Device, 'name'>): string {
  return `${printable(name)} has no IOMMU: its node gives no isolation`;
}

/** The path of a device's node as the kernel names it (drivers/vfio/vfio_main.c: vfio/devices/vfioN). */
export function nodePathOf(sysname: string): string {
  return `/dev/vfio/devices/${sysname}`;
}
