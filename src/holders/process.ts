/** Who a process is: its command, user, unit and container. Knows nothing of descriptors. */
import { readAccounts } from '../devices/accounts.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { membership } from './cgroup.ts';
import type { Holder } from './holder.ts';
import { tolerant } from './tolerant.ts';

export type Owner = Pick<Holder, 'command' | 'uid' | 'user' | 'unit' | 'container'>;

/** What /proc says of the process; what can't be read (it ended, or is hidden) is left out. Never throws for that. */
export function readOwner(files: Files, root: Root, pid: number, users: () => Users): Owner {
  const text = (name: string) => tolerant(() => files.read(at(root, `/proc/${pid}/${name}`)));
  const command = text('comm')?.replace(/\n$/, '');
  // Not the owner of /proc/PID: that is root for a process that may not be dumped (proc_pid(5)).
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(text('status') ?? '')?.[1];
  const user = uid === undefined ? undefined : users().get(Number(uid));
  return {
    ...(command !== undefined && { command }),
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(user !== undefined && { user }),
    ...membership(text('cgroup') ?? ''),
  };
}

export type Users = ReadonlyMap<number, string>;

/** The names of /etc/passwd below the root, by number; none where it can't be read. The first name of a number counts, as for getpwuid. */
export function readUsers(files: Files, root: Root): Users {
  const users = new Map<number, string>();
  for (const [name, uid] of tolerant(() => readAccounts(files, root).users) ?? [])
    if (!users.has(uid)) users.set(uid, name);
  return users;
}
