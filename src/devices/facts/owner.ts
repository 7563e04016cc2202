/** Owner, group and mode of a device's node; owner and group by name if /etc/passwd and /etc/group have the number. */

import { tryOrUndefined } from '../../errors.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { RunCache } from '../../system/run-cache.ts';
import { formatMode } from '../../text/prose.ts';
import { readGroups, readPasswd } from '../accounts.ts';
import { nodePathOf } from '../cdev.ts';
import type { Device } from '../types.ts';

/** Names by number; the first name of a number is used, as in getpwuid(3). */
interface NamesById {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

const cache = new RunCache<NamesById>();

/** If the files cannot be read, numbers have no names. */
function namesOf(files: Files, root: Root): NamesById {
  return cache.get(files, root, () => {
    const users = new Map<number, string>();
    const groups = new Map<number, string>();
    for (const { name, uid } of tryOrUndefined(() => readPasswd(files, root)) ?? [])
      if (!users.has(uid)) users.set(uid, name);
    for (const { name, gid } of tryOrUndefined(() => readGroups(files, root)) ?? [])
      if (!groups.has(gid)) groups.set(gid, name);
    return { users, groups };
  });
}

/** Returns the owner of the node by name, `root`, or by number if the name is unknown. */
export function readOwner(files: Files, root: Root, device: Device): string {
  const { uid } = files.lstat(pathBelow(root, nodePathOf(device.sysname)));
  return namesOf(files, root).users.get(uid) ?? String(uid);
}

/** Returns the group of the node by name, `kvm`, or by number if the name is unknown. */
export function readFileGroup(files: Files, root: Root, device: Device): string {
  const { gid } = files.lstat(pathBelow(root, nodePathOf(device.sysname)));
  return namesOf(files, root).groups.get(gid) ?? String(gid);
}

/** Returns the permission bits of the node in octal, `0600`. */
export function readMode(files: Files, root: Root, device: Device): string {
  return formatMode(files.lstat(pathBelow(root, nodePathOf(device.sysname))).mode);
}
