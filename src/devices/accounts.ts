/** Users and groups from /etc/passwd and /etc/group; directory services (NSS) are not queried. */
import { ignoring, tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { RunCache } from '../system/run-cache.ts';

/** A line of passwd(5). */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** A line of group(5). */
export interface Group {
  readonly name: string;
  readonly gid: number;
  /** The names of its members. */
  readonly members: string;
}

/** Maps user and group names to their numbers. */
export interface Accounts {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

/** The highest uid and gid: the next number means "do not change" in chown(2) and setreuid(2). */
export const MAX_ID = 0xffff_fffe;

/** Parses a uid or gid; `undefined` unless it is a decimal number from 0 to MAX_ID. */
export function parseId(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

/**
 * Parses passwd(5). Skips lines without two numbers that parseId() accepts, and those of `+name` and `-name` (nsswitch's
 * compat).
 */
export function parsePasswd(text: string): User[] {
  const users: User[] = [];
  for (const line of text.split('\n')) {
    const [name = '', , uidText = '', gidText = ''] = line.split(':');
    const [uid, gid] = [parseId(uidText), parseId(gidText)];
    if (isName(name) && uid !== undefined && gid !== undefined) users.push({ name, uid, gid });
  }
  return users;
}

/** Parses group(5). Skips lines as parsePasswd() does. */
export function parseGroups(text: string): Group[] {
  const groups: Group[] = [];
  for (const line of text.split('\n')) {
    const [name = '', , gidText = '', members = ''] = line.split(':');
    const gid = parseId(gidText);
    if (isName(name) && gid !== undefined) groups.push({ name, gid, members });
  }
  return groups;
}

function isName(name: string): boolean {
  return /^[^#+-]/.test(name);
}

/** In bytes, for each of the two files: half a million accounts. */
const MAX_BYTES = 64 << 20;

function readText(files: Files, root: Root, path: string): string {
  return ignoring(() => files.read(pathBelow(root, path), MAX_BYTES), 'ENOENT', 'ENOTDIR') ?? '';
}

/** Reads /etc/passwd below `root`; a missing file has no users. Throws the errno of a file that cannot be read. */
export function readPasswd(files: Files, root: Root): User[] {
  return parsePasswd(readText(files, root, '/etc/passwd'));
}

/** Reads /etc/group below `root`; a missing file has no groups. Throws the errno of a file that cannot be read. */
export function readGroups(files: Files, root: Root): Group[] {
  return parseGroups(readText(files, root, '/etc/group'));
}

/** Reads both files. The first line of a name is used, as in getpwnam(3). */
export function readAccounts(files: Files, root: Root): Accounts {
  const users = new Map<string, number>();
  const groups = new Map<string, number>();
  for (const { name, uid } of readPasswd(files, root)) if (!users.has(name)) users.set(name, uid);
  for (const { name, gid } of readGroups(files, root)) if (!groups.has(name)) groups.set(name, gid);
  return { users, groups };
}

/** Names by number; the first name of a number is used, as in getpwuid(3). */
export interface AccountNames {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

const cache = new RunCache<AccountNames>();

/** Reads both files, once in a run. If they cannot be read, numbers have no names. */
export function readAccountNames(files: Files, root: Root): AccountNames {
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

/** Returns the number of `name`, which may itself be a decimal number; `undefined` for an unknown name. */
export function resolveAccount(accounts: ReadonlyMap<string, number>, name: string): number | undefined {
  return /^\d+$/.test(name) ? parseId(name) : accounts.get(name);
}
