/** The entries below /dev/vfio, without the kernel's own. */

import { errnoOf } from '../errors.ts';
import { isReservedName, linkRoot } from '../names/scheme.ts';
import { temporaryPrefix } from '../system/displace.ts';
import { eachLink } from '../system/each-link.ts';
import type { DirHandle, FileKind, Files, LinkVisitor } from '../system/files.ts';
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
  return link.startsWith(temporaryPrefix, link.lastIndexOf('/') + 1);
}

/** Deeper than any link of a policy; limits the time that a hostile tree can cost. */
const MAX_DEPTH = 8;

/** Returns every entry below /dev/vfio, down to eight levels, except the nodes and directories of the kernel. */
export function readLinkTree(files: Files, root: Root): LinkTree {
  const entries = new Map<string, LinkEntry>();
  const unreadable = new Map<string, string>();
  const visit = (path: string, directory: string, depth: number): void => {
    listDirectory(files, path, directory, unreadable, (held, name, target, errno) => {
      if (directory === '' && isReservedName(name)) return;
      const link = directory === '' ? name : `${directory}/${name}`;
      if (target !== undefined) {
        entries.set(link, { kind: 'symlink', target });
        return;
      }
      const entry = otherEntry(files, `${held}/${name}`, errno, link, unreadable);
      if (!entry) return;
      entries.set(link, entry);
      if (entry.kind !== 'directory') return;
      if (depth < MAX_DEPTH) visit(`${held}/${name}`, link, depth + 1);
      else unreadable.set(link, 'too deep');
    });
  };
  visit(pathBelow(root, linkRoot), '', 0);
  return { entries, unreadable };
}

/**
 * Lists the directory through a descriptor, so that a link that replaces the directory is not followed. It stays open while
 * `fn` is called: nothing above the entries is resolved again for each.
 */
function listDirectory(
  files: Files,
  path: string,
  directory: string,
  unreadable: Map<string, string>,
  fn: (held: string, ...entry: Parameters<LinkVisitor>) => void,
): void {
  let handle: DirHandle | undefined;
  try {
    handle = files.openDir(path);
    const held = handle.path;
    eachLink(files, held, (name, target, errno) => fn(held, name, target, errno));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno !== 'ENOENT') unreadable.set(directory, errno);
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
    return otherEntry(files, path, errnoOrThrow(error), link, unreadable);
  }
}

/** The entry of which readlink(2) failed with `errno`. */
function otherEntry(
  files: Files,
  path: string,
  errno: string | undefined,
  link: string,
  unreadable: Map<string, string>,
): LinkEntry | undefined {
  let failed = errno;
  if (errno === 'EINVAL')
    try {
      return { kind: files.lstat(path).kind };
    } catch (error) {
      failed = errnoOrThrow(error);
    }
  // ENOENT: it was removed in the meantime.
  if (failed !== undefined && failed !== 'ENOENT') unreadable.set(link, failed);
  return undefined;
}

function errnoOrThrow(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}
