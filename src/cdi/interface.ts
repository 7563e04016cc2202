/** Determines how the devices of this machine are opened: through their own nodes and iommufd, or through groups. */
import { readFact } from '../devices/facts.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { iommuNode, readDevnum } from '../links/shared-nodes.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { Interface } from './spec.ts';

/**
 * Whether the kernel has iommufd: its number in sysfs, or its node. A container that only writes files may lack the node;
 * a container without /sys/class may have it.
 */
export function hasIommufd(files: Files, root: Root): boolean {
  if (readDevnum(files, root, iommuNode) !== undefined) return true;
  return tryOrUndefined(() => files.lstat(pathBelow(root, iommuNode.path)))?.kind === 'char';
}

/** Whether the kernel makes group nodes (CONFIG_VFIO_GROUP): it lists one, or one of these devices has one. */
export function hasGroupNodes(files: Files, root: Root, devices: readonly Device[]): boolean {
  const listed = tryOrUndefined(() => files.readdir(pathBelow(root, '/sys/class/vfio'))) ?? [];
  return (
    listed.some((name) => /^(?:noiommu-)?\d+$/.test(name)) ||
    devices.some((device) => {
      const path = readFact(files, root, device, 'groupNode');
      return path !== undefined && tryOrUndefined(() => files.lstat(pathBelow(root, path))) !== undefined;
    })
  );
}

/**
 * Returns the interface that programs can use: `cdev` if devices have nodes and there is iommufd, or no group to use
 * instead.
 */
export function availableInterface(files: Files, root: Root, devices: readonly Device[]): Interface {
  const hasNodes = devices.some(({ devnum }) => devnum !== undefined);
  return hasNodes && (hasIommufd(files, root) || !hasGroupNodes(files, root, devices)) ? 'cdev' : 'group';
}
