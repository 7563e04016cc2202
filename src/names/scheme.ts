/** Naming scheme 1: `<bus>/<name>`, frozen from the first release. Paths are relative to /dev/vfio. */

import { isNameable } from '../devices/cdev.ts';
import type { Device } from '../devices/types.ts';
import { sanitizePathPart } from './sanitize.ts';

export const schemeNumber = 1;

/** The directory that contains all links. */
export const linkRoot = '/dev/vfio';

/** The buses that have VFIO drivers today; devices on other buses get links, too. */
export const knownBuses = ['pci', 'platform', 'amba', 'mdev', 'fsl-mc', 'cdx'] as const;

/** Whether the kernel uses this name directly below /dev/vfio: `devices`, `vfio`, group numbers, `noiommu-3`. */
export function isReservedName(part: string): boolean {
  return part === 'devices' || part === 'vfio' || /^\d+$/.test(part) || part.startsWith('noiommu-');
}

/** Returns the device's link of scheme 1, `pci/0000:01:00.0`; `undefined` if it has no node or no usable name. */
export function schemeLink(device: Device): string | undefined {
  if (!isNameable(device)) return undefined;
  const bus = sanitizePathPart(device.bus);
  const name = sanitizePathPart(device.name);
  return bus === undefined || name === undefined || isReservedName(bus) ? undefined : `${bus}/${name}`;
}

/** Returns the relative target of a link: `../devices/vfio3` for `pci/0000:01:00.0`, with another `..` for each more part. */
export function linkTarget(link: string, sysname: string): string {
  return `${'../'.repeat(link.split('/').length - 1)}devices/${sysname}`;
}
