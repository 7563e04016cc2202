/**
 * Drops privileges to a user, for this process and its children. In Node, the uid and gid options of spawn are not enough:
 * libuv clears the supplementary groups, ignores the result and sets no new ones (uv__process_child_init), so QEMU would
 * lose its group kvm.
 */
import { errnoOf, exitStatus, ignoring, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { Credentials } from '../system/process.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';

export interface UserIds {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** The supplementary groups, including the primary group, in ascending order. */
  readonly groups: readonly number[];
}

/** Parses a uid or gid. The highest number is not a user: setreuid(2) and chown(2) take it as "do not change". */
function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff
    ? Number(text)
    : undefined;
}

function linesOf(files: Files, root: Root, path: string): string[][] {
  const text = ignoring(() => files.read(pathBelow(root, path)), 'ENOENT', 'ENOTDIR') ?? '';
  return text.split('\n').map((line) => line.split(':'));
}

/** Returns the user with the name or the uid `user`. Throws VfioNamesError `no-user` (status 2). */
export function readUserIds(files: Files, root: Root, user: string): UserIds {
  const lines = linesOf(files, root, '/etc/passwd');
  // Lines with +name or -name (nsswitch's compat) are not users. The first matching line wins.
  const line =
    lines.find(([name = '']) => name === user && /^[^#+-]/.test(name)) ??
    lines.find(([name = '', , uid]) => /^\d+$/.test(user) && uid === user && /^[^#+-]/.test(name));
  const [name = '', , uidText, gidText] = line ?? [];
  const [uid, gid] = [idOf(uidText), idOf(gidText)];
  if (uid === undefined || gid === undefined)
    throw new VfioNamesError(
      'no-user',
      exitStatus.usage,
      `expected --user to be a user of /etc/passwd, found ${printable(user)}`,
      { hint: 'add the user there' },
    );
  const supplementary = linesOf(files, root, '/etc/group')
    .filter(([, , , members = '']) => members.split(',').includes(name))
    .flatMap(([, , number]) => idOf(number) ?? []);
  return { name, uid, gid, groups: [...new Set([gid, ...supplementary])].sort((a, b) => a - b) };
}

/**
 * Switches to the user's groups, gid and uid. The groups are set first, because setgroups(2) needs root. Throws VfioNamesError
 * `not-permitted` (status 4) if a call fails or if the process still has an id or a group of the previous user.
 */
export function dropPrivileges(credentials: Credentials, login: UserIds): void {
  try {
    credentials.setGroups(login.groups);
    credentials.setGid(login.gid);
    credentials.setUid(login.uid);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw notPermitted(login, errno);
  }
  const { uids, gids, groups } = credentials.now();
  const unchanged =
    uids.some((uid) => uid !== login.uid) ||
    gids.some((gid) => gid !== login.gid) ||
    groups.some((group) => !login.groups.includes(group));
  if (unchanged) throw notPermitted(login, 'ids of before');
}

function notPermitted(login: UserIds, found: string): VfioNamesError {
  return new VfioNamesError(
    'not-permitted',
    exitStatus.notPermitted,
    `expected to become the user ${printable(login.name)}, found ${found}`,
    { hint: '--user needs root (CAP_SETUID and CAP_SETGID)' },
  );
}
