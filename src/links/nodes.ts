/**
 * Which devices lack the node that the kernel gives them: in a container, or wherever /dev is not the kernel's own, some
 * may be left out. Looks for their names alone; whether a node is the right one, check-node.ts tells.
 */
import type { Device } from '../devices/device.ts';
import { errnoOf } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { nodePathOf } from './check-node.ts';
import { holdDirectory } from './hold.ts';

/**
 * The `vfioN` of the devices that have a device number, but no node in /dev/vfio/devices. To be asked after sysfs: the
 * kernel makes the node after the number (device_add() in drivers/base/core.c), so one that came in between has both.
 * What can't be looked into is taken to be there.
 */
export function missingNodes(files: Files, root: Root, devices: readonly Device[]): ReadonlySet<string> {
  if (!devices.some(({ devnum }) => devnum !== undefined)) return new Set();
  const there = nodesIn(files, root);
  const missing = new Set<string>();
  if (there)
    for (const { sysname, devnum } of devices)
      if (devnum !== undefined && !there.has(sysname)) missing.add(sysname);
  return missing;
}

/** The same for one device. */
export function isMissing(files: Files, root: Root, { sysname, devnum }: Device): boolean {
  if (devnum === undefined) return false;
  try {
    files.lstat(at(root, nodePathOf(sysname)));
    return false;
  } catch (error) {
    return isAbsent(error);
  }
}

/** `undefined` where nobody can tell; a link in the place of a directory is not followed. */
function nodesIn(files: Files, root: Root): ReadonlySet<string> | undefined {
  try {
    const held = holdDirectory(files, root, 'devices', false);
    try {
      return new Set(files.list(held.path));
    } finally {
      held.release();
    }
  } catch (error) {
    return isAbsent(error) ? new Set() : undefined;
  }
}

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno === 'ENOENT';
}
