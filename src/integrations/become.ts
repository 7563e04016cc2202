/**
 * Gives up root for a user: this process and all that it starts. Not by the uid and gid of Node's spawn: libuv drops the
 * supplementary groups without a look at the result and sets none (uv__process_child_init), so that a QEMU would lose
 * its group kvm.
 */
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { loadIdentity } from '../system/libc.ts';
import { printable } from '../text/printable.ts';
import type { Login } from './login.ts';

/** Who this process is. */
export interface Credentials {
  readonly setGroups: (groups: readonly number[]) => void;
  readonly setGid: (gid: number) => void;
  readonly setUid: (uid: number) => void;
  /** Real and effective ids, and the supplementary groups. */
  readonly now: () => {
    readonly uids: readonly number[];
    readonly gids: readonly number[];
    readonly groups: readonly number[];
  };
}

/** Those of this process. Throws VfioNamesError `no-koffi` (status 5) where the C library can't be called. */
export async function processCredentials(): Promise<Credentials> {
  return {
    ...(await loadIdentity()),
    now: () => ({
      uids: [process.getuid?.() ?? -1, process.geteuid?.() ?? -1],
      gids: [process.getgid?.() ?? -1, process.getegid?.() ?? -1],
      groups: process.getgroups?.() ?? [-1],
    }),
  };
}

/** Groups first: without root they can't be set. Throws VfioNamesError `not-permitted` (status 4), and where anything of before is left. */
export function become(credentials: Credentials, login: Login): void {
  try {
    credentials.setGroups(login.groups);
    credentials.setGid(login.gid);
    credentials.setUid(login.uid);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw refused(login, errno);
  }
  const { uids, gids, groups } = credentials.now();
  const left =
    uids.some((uid) => uid !== login.uid) ||
    gids.some((gid) => gid !== login.gid) ||
    groups.some((group) => !login.groups.includes(group));
  if (left) throw refused(login, 'ids of before');
}

function refused(login: Login, found: string): VfioNamesError {
  return new VfioNamesError(
    'not-permitted',
    exitStatus.notPermitted,
    `expected to become the user ${printable(login.name)}, found ${found}; --user needs root (CAP_SETUID and CAP_SETGID)`,
  );
}
