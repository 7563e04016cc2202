/** Reads the link directories below /dev/vfio, with one system call per link. Follows no links. */
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import type { LinkEntry, LinkTree } from './tree.ts';

/** Deeper than any link of a policy; limits the time that a hostile tree can cost. */
const MAX_DEPTH = 8;

/** Returns every entry of the directories directly below /dev/vfio that `managed` accepts, down to eight levels. */
export function readLinkTree(files: Files, root: Root, managed: (first: string) => boolean): LinkTree {
  const entries = new Map<string, LinkEntry>();
  const unreadable = new Map<string, string>();
  const visit = (directory: string, depth: number): void => {
    const path = pathBelow(root, directory === '' ? linkRoot : `${linkRoot}/${directory}`);
    for (const name of namesIn(files, path, directory, unreadable)) {
      const link = directory === '' ? name : `${directory}/${name}`;
      if (directory === '' && !managed(name)) continue;
      const entry = readEntry(files, pathBelow(root, `${linkRoot}/${link}`), link, unreadable);
      if (!entry) continue;
      entries.set(link, entry);
      if (entry.kind !== 'directory') continue;
      if (depth < MAX_DEPTH) visit(link, depth + 1);
      else unreadable.set(link, 'too deep');
    }
  };
  visit('', 0);
  return { entries, unreadable };
}

/** Lists the directory through a descriptor, so that a link that replaces the directory is not followed. */
function namesIn(files: Files, path: string, directory: string, unreadable: Map<string, string>): string[] {
  try {
    const handle = files.openDir(path);
    try {
      return files.readdir(handle.path);
    } finally {
      handle.release();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno !== 'ENOENT') unreadable.set(directory, errno);
    return [];
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
