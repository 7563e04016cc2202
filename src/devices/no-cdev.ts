/** Whether a device has a device node, and why not. */
import type { Device } from './device.ts';

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
    ? 'no-IOMMU devices have no node of their own'
    : 'this kernel gives the device no node (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU)';
}

/** Whether the device can have links: it has a node and is not a no-IOMMU device. */
export function isNameable(device: Device): boolean {
  return device.devnum !== undefined && /^vfio\d+$/.test(device.sysname);
}
