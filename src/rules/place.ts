/** Finds the rules file that udev reads. */
import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';

/** The file's name in every directory: after 50-udev-default, so that GROUP and MODE take effect; before 73-seat-late. */
export const rulesFileName = '70-vfio-names.rules';

/** The administrator's rules directory, to which `rules install` writes. */
export const adminDirectory = '/etc/udev/rules.d';

/** In udev's search order: of several files with one name, only the first is used (udev(7)). Alpine uses /lib. */
export const rulesDirectories = [
  adminDirectory,
  '/run/udev/rules.d',
  '/usr/local/lib/udev/rules.d',
  '/usr/lib/udev/rules.d',
  '/lib/udev/rules.d',
] as const;

/** What exists at the path of a rules file. */
export type RulesFile =
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  /** An empty file or a link to /dev/null: udev ignores the other files of this name. */
  | { readonly kind: 'masked'; readonly path: string }
  | { readonly kind: 'other'; readonly path: string; readonly what: string };

/** Size limit of a rules file in bytes. */
const MAX_BYTES = 8 << 20;

/** Returns the file that udev reads; `undefined` if no directory has one. */
export function findRules(files: Files, root: Root): RulesFile | undefined {
  for (const directory of rulesDirectories) {
    const found = readRulesFile(files, root, `${directory}/${rulesFileName}`);
    if (found) return found;
  }
  return undefined;
}

/** Reads the file at `path` (without the root's prefix), following a link within the root; `undefined` if it is missing. */
export function readRulesFile(files: Files, root: Root, path: string): RulesFile | undefined {
  const status = ignoring(() => files.lstat(pathBelow(root, path)), 'ENOENT', 'ENOTDIR');
  if (!status) return undefined;
  if (status.kind === 'symlink') {
    const target = files.readlink(pathBelow(root, path));
    if (target === '/dev/null') return { kind: 'masked', path };
    const resolved = target.startsWith('/') ? target : `${path.slice(0, path.lastIndexOf('/'))}/${target}`;
    return readText(files, root, path, resolved);
  }
  return readText(files, root, path, path);
}

function readText(files: Files, root: Root, path: string, resolved: string): RulesFile {
  const status = ignoring(() => files.lstat(pathBelow(root, resolved)), 'ENOENT', 'ENOTDIR');
  if (status?.kind !== 'file') return { kind: 'other', path, what: `a ${status?.kind ?? 'dangling link'}` };
  const text = files.read(pathBelow(root, resolved), MAX_BYTES);
  return text === '' ? { kind: 'masked', path } : { kind: 'text', path, text };
}
