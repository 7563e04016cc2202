/**
 * Checks whether a node in /dev is that of its device, and finds the devices whose node is missing, for example in a container
 * or where /dev is not a devtmpfs.
 */
import { nodePathOf } from '../devices/cdev.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { openDirBelow, pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';

/** The result of a node check; `ok` only if the node is a character device with the device number of sysfs. */
export type NodeCheck =
  | { readonly verdict: 'ok'; readonly status: FileStatus }
  | { readonly verdict: 'missing' }
  | { readonly verdict: 'unreadable'; readonly errno: string }
  | { readonly verdict: 'not-char'; readonly status: FileStatus }
  | { readonly verdict: 'devnum-mismatch'; readonly status: FileStatus; readonly found: string };

/** A device that plan and sync skip. */
export interface SkippedDevice {
  /** The name of the device. */
  readonly name: string;
  /** `vfio3`; absent if the device has no node. */
  readonly node?: string;
  /** The code of the reason, such as `node-missing`, or an errno. */
  readonly reason: string;
  /** Why, and what to do. */
  readonly message: string;
}

/** Returns the device and the message as one printable line. */
export function formatSkipped({ name, message }: SkippedDevice): string {
  return `${printable(name)} is left out: ${message}`;
}

/**
 * Opens `path` (O_PATH, without following a link) and compares its device number with that of a device or a group. Errors of
 * the system call are part of the result.
 */
export function checkNode(
  files: Files,
  root: Root,
  path: string,
  { devnum }: Pick<Device, 'devnum'>,
): NodeCheck {
  let status: FileStatus;
  try {
    status = files.statNode(pathBelow(root, path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return { verdict: 'missing' };
    if (errno === undefined) throw error;
    return { verdict: 'unreadable', errno };
  }
  if (status.kind !== 'char') return { verdict: 'not-char', status };
  if (status.devnum !== devnum) return { verdict: 'devnum-mismatch', status, found: status.devnum ?? '' };
  return { verdict: 'ok', status };
}

/** What is in /dev/vfio/devices. */
interface NodeScan {
  /** The `vfioN` of the devices that have a device number, but no node. */
  readonly missing: ReadonlySet<string>;
  /** The names that are not those of a device; absent if the directory cannot be read. */
  readonly unknown?: ReadonlySet<string>;
}

/**
 * Compares /dev/vfio/devices with the devices. Call it after reading sysfs: the kernel creates the node after the number
 * (device_add() in drivers/base/core.c), so a device that was added in between has both. If the directory cannot be read, no node
 * counts as missing.
 */
export function scanNodes(files: Files, root: Root, devices: readonly Device[]): NodeScan {
  const missing = new Set<string>();
  const unknown = nodesIn(files, root, `${linkRoot}/devices`);
  if (!unknown) return { missing };
  for (const { sysname, devnum } of devices)
    if (devnum !== undefined && !unknown.delete(sysname)) missing.add(sysname);
  return { missing, unknown };
}

/** Returns the nodes of groups, `14`, that are missing in /dev/vfio; as scanNodes() for devices. */
export function missingGroupNodes(
  files: Files,
  root: Root,
  groups: readonly { readonly node: string }[],
): ReadonlySet<string> {
  if (groups.length === 0) return new Set();
  const present = nodesIn(files, root, linkRoot);
  return new Set(groups.flatMap(({ node }) => (present && !present.has(node) ? [node] : [])));
}

/** Whether one device has a device number, but no node in /dev/vfio/devices; false if the path cannot be read. */
export function isNodeMissing(files: Files, root: Root, { sysname, devnum }: Device): boolean {
  if (devnum === undefined) return false;
  try {
    files.lstat(pathBelow(root, nodePathOf(sysname)));
    return false;
  } catch (error) {
    return isAbsent(error);
  }
}

/** The names in a directory; `undefined` if it cannot be read. A link in place of a directory is not followed. */
function nodesIn(files: Files, root: Root, directory: string): Set<string> | undefined {
  try {
    const handle = openDirBelow(files, root, directory, false);
    try {
      return new Set(files.readdir(handle.path));
    } finally {
      handle.release();
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
