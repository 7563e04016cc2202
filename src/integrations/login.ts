/** Reads a user and its groups from passwd(5) and group(5) below the root; does not query directory services. */
import { exitStatus, ignoring, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
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
      `expected --user to be a user of /etc/passwd, found ${printable(user)}; add the user there`,
    );
  const supplementary = linesOf(files, root, '/etc/group')
    .filter(([, , , members = '']) => members.split(',').includes(name))
    .flatMap(([, , number]) => idOf(number) ?? []);
  return { name, uid, gid, groups: [...new Set([gid, ...supplementary])].sort((a, b) => a - b) };
}
