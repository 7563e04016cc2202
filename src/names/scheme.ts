/** Naming scheme 1: `<bus>/<name>`, frozen from the first release. Paths are relative to /dev/vfio. */

import { isNameable } from '../devices/cdev.ts';
import type { Device } from '../devices/types.ts';
import { sanitizePathPart } from './sanitize.ts';

export const schemeNumber = 1;

/** The directory that contains all links. */
export const linkRoot = '/dev/vfio';

/** The buses that have VFIO drivers today; devices on other buses get links, too. */
export const knownBuses = ['pci', 'platform', 'amba', 'mdev', 'fsl-mc', 'cdx'] as const;

/** The directory of the names of groups, which lead to `/dev/vfio/14` instead of a device's own node. */
export const groupDirectory = 'groups';

/** Whether the kernel uses this name directly below /dev/vfio: `devices`, `vfio`, group numbers, `noiommu-3`. */
export function isReservedName(part: string): boolean {
  return part === 'devices' || part === 'vfio' || /^\d+$/.test(part) || part.startsWith('noiommu-');
}

/** Returns the device's link of scheme 1, `pci/0000:01:00.0`; `undefined` if it has no node or no usable name. */
export function schemeLink(device: Device): string | undefined {
  if (!isNameable(device)) return undefined;
  const directory = busDirectory(device.bus);
  const name = sanitizePathPart(device.name);
  return directory === undefined || name === undefined ? undefined : `${directory}/${name}`;
}

/** The bus of the last call, since devices are sorted by bus. */
let last: { readonly bus: string; readonly directory: string | undefined } | undefined;

/** Returns the directory with the links of a bus; `undefined` if it has no usable name. */
function busDirectory(bus: string): string | undefined {
  if (last?.bus === bus) return last.directory;
  const part = sanitizePathPart(bus);
  const isUsable = part !== undefined && !isReservedName(part) && part !== groupDirectory;
  last = { bus, directory: isUsable ? part : undefined };
  return last.directory;
}

/** Returns the name of a member of a group, `groups/pci/0000:01:00.0`; `undefined` if it has no usable name. */
export function groupLink(member: Pick<Device, 'bus' | 'name'>): string | undefined {
  const bus = sanitizePathPart(member.bus);
  const name = sanitizePathPart(member.name);
  return bus === undefined || name === undefined ? undefined : `${groupDirectory}/${bus}/${name}`;
}

/** Whether a link, relative to /dev/vfio, has the place of a name of a group. */
export function isGroupLink(link: string): boolean {
  return link.startsWith('groups/');
}

/**
 * Returns the relative target of a link: `../devices/vfio3` for `pci/0000:01:00.0`, with another `..` for each more part, and
 * `../../14` for `groups/pci/0000:01:00.0`. `node` is the `vfioN` of a device, or the name of a group's node.
 */
export function linkTarget(link: string, node: string): string {
  return `${'../'.repeat(depthOf(link))}${isGroupLink(link) ? '' : 'devices/'}${node}`;
}

/** The number of slashes in a link: of directories that it lies in. */
export function depthOf(link: string): number {
  let depth = 0;
  for (let at = link.indexOf('/'); at >= 0; at = link.indexOf('/', at + 1)) depth++;
  return depth;
}
