/** Turns this process into another user, with no right of the previous one. */
import { parseId, readGroups, readPasswd } from '../devices/accounts.ts';
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { readThreadStatus, type ThreadStatus } from '../system/proc-self.ts';
import type { ExecCalls } from '../system/process.ts';
import type { Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';

export interface UserIds {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** The supplementary groups, including the primary group, in ascending order. */
  readonly groups: readonly number[];
}

/** Returns the user with the name or the uid `user`. Throws VfioNamesError `no-user` (status 2). */
export function readUserIds(files: Files, root: Root, user: string): UserIds {
  const users = readPasswd(files, root);
  const uid = parseId(user);
  const found = users.find(({ name }) => name === user) ?? users.find((line) => line.uid === uid);
  if (!found)
    throw new VfioNamesError(
      'no-user',
      exitStatus.usage,
      `expected --user to be a user of /etc/passwd, found ${printable(user)}`,
      { hint: 'add the user there' },
    );
  const supplementary = readGroups(files, root)
    .filter(({ members }) => members.split(',').includes(found.name))
    .map(({ gid }) => gid);
  const groups = [...new Set([found.gid, ...supplementary])].sort((a, b) => a - b);
  return { name: found.name, uid: found.uid, gid: found.gid, groups };
}

/**
 * Turns this thread, and so the program that it executes, into the user: groups, ids, and no capability, in that order,
 * because setgroups(2) needs one; then a new session keyring, which belongs to the user. Reads all of it back. Throws
 * VfioNamesError `not-permitted` (status 4) if a call fails or if something of the previous user is left.
 *
 * Securebits may keep capabilities over a change of ids (SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS), and so may the ambient set
 * of a process that was not root, so they are cleared by a call of their own. The securebits and the bounding set stay, as under
 * setpriv(1): they restrict. no_new_privs is not set, because it would break set-user-ID helpers such as qemu-bridge-helper.
 */
export function dropPrivileges(
  calls: Pick<
    ExecCalls,
    'setGroups' | 'setGid' | 'setUid' | 'clearCapabilities' | 'sessionKeyring' | 'joinSessionKeyring'
  >,
  files: Files,
  login: UserIds,
): void {
  let status: ThreadStatus;
  try {
    calls.setGroups(login.groups);
    calls.setGid(login.gid);
    calls.setUid(login.uid);
    calls.clearCapabilities();
    status = readThreadStatus(files);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw notPermitted(login, (error as Error).message);
  }
  const left = leftOver(status, login);
  if (left !== undefined) throw notPermitted(login, left);
  replaceKeyring(calls, status, login);
}

/** What is left of the previous user; `undefined` if nothing is. */
export function leftOver(
  { uids, gids, groups, capabilities }: ThreadStatus,
  login: UserIds,
): string | undefined {
  if (uids.length !== 4 || uids.some((uid) => uid !== login.uid)) return 'another user id';
  if (gids.length !== 4 || gids.some((gid) => gid !== login.gid)) return 'another group id';
  const foreign = groups.find((group) => !login.groups.includes(group));
  if (foreign !== undefined) return `the group ${foreign}`;
  const missing = login.groups.find((group) => group !== login.gid && !groups.includes(group));
  if (missing !== undefined) return `no group ${missing}`;
  return capabilities.some((set) => set !== 0n) ? 'capabilities' : undefined;
}

/**
 * A session keyring is inherited over every change of ids (keyrings(7)). A kernel without keyrings fails with ENOSYS. In a
 * container, a filter of system calls often denies keyctl(2) (EPERM); CMD inherits that filter, so it reads no key either.
 */
function replaceKeyring(
  calls: Pick<ExecCalls, 'sessionKeyring' | 'joinSessionKeyring'>,
  { filtered }: ThreadStatus,
  login: UserIds,
): void {
  try {
    const previous = calls.sessionKeyring();
    calls.joinSessionKeyring();
    if (calls.sessionKeyring() === previous) throw notPermitted(login, 'the session keyring of the caller');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOSYS' || (errno === 'EPERM' && filtered)) return;
    if (errno === undefined) throw error;
    throw notPermitted(login, `no session keyring of its own: ${(error as Error).message}`);
  }
}

function notPermitted(login: UserIds, found: string): VfioNamesError {
  return new VfioNamesError(
    'not-permitted',
    exitStatus.notPermitted,
    `expected to become the user ${printable(login.name)} with none of the caller's rights, found ${found}`,
    { hint: '--user needs root (CAP_SETUID and CAP_SETGID)' },
  );
}
