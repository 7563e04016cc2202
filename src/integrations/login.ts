/** A user with all groups, from passwd(5) and group(5) below the root; directory services are not asked. */
import { attempt, exitStatus, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';

export interface Login {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** The supplementary groups in order, the primary one among them. */
  readonly groups: readonly number[];
}

/** A uid or gid; the greatest number means "leave it as it is" to setuid(2), never a user. */
function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff
    ? Number(text)
    : undefined;
}

function linesOf(files: Files, root: Root, path: string): string[][] {
  const text = attempt(() => files.read(at(root, path)), 'ENOENT', 'ENOTDIR') ?? '';
  return text.split('\n').map((line) => line.split(':'));
}

/** The user called `user`, or of that number. Throws VfioNamesError `no-user` (status 2). */
export function readLogin(files: Files, root: Root, user: string): Login {
  const lines = linesOf(files, root, '/etc/passwd');
  // A line of +name or -name (nsswitch's compat) is no user, and the first line of a name counts.
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
  const more = linesOf(files, root, '/etc/group')
    .filter(([, , , members = '']) => members.split(',').includes(name))
    .flatMap(([, , number]) => idOf(number) ?? []);
  return { name, uid, gid, groups: [...new Set([gid, ...more])].sort((a, b) => a - b) };
}
