/** Reads command, user, unit and container of a process. */
import { readAccounts } from '../devices/accounts.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import { parseCgroup } from './cgroup.ts';
import type { Holder } from './holder.ts';
import { tryOrUndefined } from './tolerant.ts';

export type ProcessOwner = Pick<Holder, 'command' | 'uid' | 'user' | 'unit' | 'container'>;

/**
 * Reads the owner of a process from /proc. Omits values that cannot be read, because the process ended or is hidden.
 */
export function readOwner(files: Files, root: Root, pid: number, users: () => Users): ProcessOwner {
  const text = (name: string) => tryOrUndefined(() => files.read(pathBelow(root, `/proc/${pid}/${name}`)));
  const command = text('comm')?.replace(/\n$/, '');
  // The owner of /proc/PID would be root for a process that is not dumpable (proc_pid(5)).
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(text('status') ?? '')?.[1];
  const user = uid === undefined ? undefined : users().get(Number(uid));
  return {
    ...(command !== undefined && { command }),
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(user !== undefined && { user }),
    ...parseCgroup(text('cgroup') ?? ''),
  };
}

export type Users = ReadonlyMap<number, string>;

/**
 * Returns the user names of /etc/passwd below the root by uid; empty if it cannot be read. The first name of a uid
 * counts, like in getpwuid(3).
 */
export function readUsers(files: Files, root: Root): Users {
  const users = new Map<number, string>();
  for (const [name, uid] of tryOrUndefined(() => readAccounts(files, root).users) ?? [])
    if (!users.has(uid)) users.set(uid, name);
  return users;
}
