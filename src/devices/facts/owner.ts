/** Owner, group and mode of a device's node; owner and group by name if /etc/passwd and /etc/group have the number. */

import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { formatMode } from '../../text/prose.ts';
import { readAccountNames } from '../accounts.ts';
import { nodePathOf } from '../cdev.ts';
import type { Device } from '../types.ts';

/** Returns the owner of the node by name, `root`, or by number if the name is unknown. */
export function readOwner(files: Files, root: Root, device: Device): string {
  const { uid } = files.lstat(pathBelow(root, nodePathOf(device.sysname)));
  return readAccountNames(files, root).users.get(uid) ?? String(uid);
}

/** Returns the group of the node by name, `kvm`, or by number if the name is unknown. */
export function readFileGroup(files: Files, root: Root, device: Device): string {
  const { gid } = files.lstat(pathBelow(root, nodePathOf(device.sysname)));
  return readAccountNames(files, root).groups.get(gid) ?? String(gid);
}

/** Returns the permission bits of the node in octal, `0600`. */
export function readMode(files: Files, root: Root, device: Device): string {
  return formatMode(files.lstat(pathBelow(root, nodePathOf(device.sysname))).mode);
}
