/** Where udev reads rules, and which file of our name it reads. Changes nothing. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

/** The file's name in every directory: after 50-udev-default, so that GROUP and MODE win; before 73-seat-late. */
export const rulesName = '70-vfio-names.rules';

/** Where an admin's rules live, and `rules install` writes. */
export const ownDirectory = '/etc/udev/rules.d';

/** In the order in which udev looks: of files with one name only the first counts (udev(7)). /lib is Alpine's. */
export const rulesDirectories = [
  ownDirectory,
  '/run/udev/rules.d',
  '/usr/local/lib/udev/rules.d',
  '/usr/lib/udev/rules.d',
  '/lib/udev/rules.d',
] as const;

/** What lies at the path of a rules file. */
export type Found =
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  /** An empty file or a link to /dev/null: udev reads no further file of this name. */
  | { readonly kind: 'masked'; readonly path: string }
  | { readonly kind: 'other'; readonly path: string; readonly what: string };

/** More than this is no rules file of ours. */
const largest = 8 << 20;

/** The file that udev reads; `undefined` where no directory has one. */
export function findRules(files: Files, root: Root): Found | undefined {
  for (const directory of rulesDirectories) {
    const found = lookAt(files, root, `${directory}/${rulesName}`);
    if (found) return found;
  }
  return undefined;
}

/** What is at `path` (the machine's path), a link followed within the root; `undefined` for nothing. */
export function lookAt(files: Files, root: Root, path: string): Found | undefined {
  const status = attempt(() => files.lstat(at(root, path)), 'ENOENT', 'ENOTDIR');
  if (!status) return undefined;
  if (status.kind === 'symlink') {
    const target = files.readlink(at(root, path));
    if (target === '/dev/null') return { kind: 'masked', path };
    const real = target.startsWith('/') ? target : `${path.slice(0, path.lastIndexOf('/'))}/${target}`;
    return readText(files, root, path, real);
  }
  return readText(files, root, path, path);
}

function readText(files: Files, root: Root, path: string, real: string): Found {
  const status = attempt(() => files.lstat(at(root, real)), 'ENOENT', 'ENOTDIR');
  if (status?.kind !== 'file') return { kind: 'other', path, what: `a ${status?.kind ?? 'dangling link'}` };
  const text = files.read(at(root, real), largest);
  return text === '' ? { kind: 'masked', path } : { kind: 'text', path, text };
}
