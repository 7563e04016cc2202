/** Checks whether a device's node is the one that sysfs describes, without any effect on the device. */
import type { Device } from '../devices/device.ts';
import { errnoOf } from '../errors.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';

/** The result of a node check; `true` only if the node is a character device with the device number of sysfs. */
export type NodeCheck =
  | { readonly verdict: 'true'; readonly status: FileStatus }
  | { readonly verdict: 'missing' }
  | { readonly verdict: 'unreadable'; readonly errno: string }
  | { readonly verdict: 'not-char'; readonly status: FileStatus }
  | { readonly verdict: 'other-devnum'; readonly status: FileStatus; readonly found: string };

/** The path of a device's node as the kernel names it (drivers/vfio/vfio_main.c: vfio/devices/vfioN). */
export function nodePathOf(sysname: string): string {
  return `/dev/vfio/devices/${sysname}`;
}

/**
 * Opens `path` (O_PATH, without following a link) and compares its device number with that of `device`. Errors of the
 * system call are part of the result.
 */
export function checkNode(files: Files, root: Root, path: string, device: Device): NodeCheck {
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
  if (status.devnum !== device.devnum) return { verdict: 'other-devnum', status, found: status.devnum ?? '' };
  return { verdict: 'true', status };
}
