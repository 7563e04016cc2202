/** The entries below /dev/vfio, without the kernel's own. */

import { errnoOf } from '../errors.ts';
import { isReservedName, linkRoot } from '../names/scheme.ts';
import { temporaryPrefix } from '../system/displace.ts';
import type { DirHandle, FileKind, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';

/**
 * One entry; `target` only for links. It is absent if the link was created between the two system calls that read it.
 */
export interface LinkEntry {
  readonly kind: FileKind;
  readonly target?: string;
}

/** Entries, directories included, by their path relative to /dev/vfio. */
export interface LinkTree {
  readonly entries: ReadonlyMap<string, LinkEntry>;
  /** Paths that could not be read, with the errno, or `too deep`. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Whether the path is a temporary name of vfio-names. */
export function isTemporary(link: string): boolean {
  return link.slice(link.lastIndexOf('/') + 1).startsWith(temporaryPrefix);
}

/** Deeper than any link of a policy; limits the time that a hostile tree can cost. */
const MAX_DEPTH = 8;

/** Returns every entry below /dev/vfio, down to eight levels, except the nodes and directories of the kernel. */
export function readLinkTree(files: Files, root: Root): LinkTree {
  const entries = new Map<string, LinkEntry>();
  const unreadable = new Map<string, string>();
  const visit = (path: string, directory: string, depth: number): void => {
    listDirectory(files, path, directory, unreadable, (held, names) => {
      for (const name of names) {
        if (directory === '' && isReservedName(name)) continue;
        const link = directory === '' ? name : `${directory}/${name}`;
        const entry = readEntry(files, `${held}/${name}`, link, unreadable);
        if (!entry) continue;
        entries.set(link, entry);
        if (entry.kind !== 'directory') continue;
        if (depth < MAX_DEPTH) visit(`${held}/${name}`, link, depth + 1);
        else unreadable.set(link, 'too deep');
      }
    });
  };
  visit(pathBelow(root, linkRoot), '', 0);
  return { entries, unreadable };
}

/**
 * Lists the directory through a descriptor, so that a link that replaces the directory is not followed. It stays open while
 * `fn` reads the entries: nothing above them is resolved again for each.
 */
function listDirectory(
  files: Files,
  path: string,
  directory: string,
  unreadable: Map<string, string>,
  fn: (held: string, names: string[]) => void,
): void {
  let handle: DirHandle | undefined;
  let names: string[] = [];
  try {
    try {
      handle = files.openDir(path);
      names = files.readdir(handle.path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (errno !== 'ENOENT') unreadable.set(directory, errno);
    }
    if (handle) fn(handle.path, names);
  } finally {
    handle?.release();
  }
}

/**
 * Returns one entry, `undefined` if it does not exist or cannot be read. Most entries are links, so this calls readlink
 * first and lstat only if that fails with EINVAL.
 */
export function readEntry(
  files: Files,
  path: string,
  link: string,
  unreadable: Map<string, string>,
): LinkEntry | undefined {
  try {
    return { kind: 'symlink', target: files.readlink(path) };
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') return noEntry(error, link, unreadable);
  }
  try {
    return { kind: files.lstat(path).kind };
  } catch (error) {
    return noEntry(error, link, unreadable);
  }
}

/** Records the errno, unless the entry was removed in the meantime (ENOENT). */
function noEntry(error: unknown, link: string, unreadable: Map<string, string>): undefined {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno !== 'ENOENT') unreadable.set(link, errno);
}
