/** Why a device has no node of its own. Pure. */
import type { Device } from './device.ts';

/** One line why the device has no node, `undefined` where it has one. `noIommu` is what no-iommu.ts says, where it was asked. */
export function whyNoCdev(
  device: Device,
  noIommu: boolean = device.sysname.startsWith('noiommu-'),
): string | undefined {
  if (device.devnum !== undefined) return undefined;
  return noIommu
    ? 'no-IOMMU devices have no node of their own'
    : 'this kernel gives the device no node (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU)';
}

/** Whether the device can be named at all: it has a node, and an IOMMU behind it. */
export function isNameable(device: Device): boolean {
  return device.devnum !== undefined && /^vfio\d+$/.test(device.sysname);
}
