/** Reads the directories of names below /dev/vfio: one call a link. Follows nothing, decides nothing. */
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Entry, Tree } from './tree.ts';

/** Deeper than any name of a policy; keeps a hostile tree from holding us. */
const deepest = 8;

/** Every entry of the directories right below /dev/vfio that `managed` accepts, down to the depth of eight. */
export function readTree(files: Files, root: Root, managed: (first: string) => boolean): Tree {
  const entries = new Map<string, Entry>();
  const unreadable = new Map<string, string>();
  const visit = (directory: string, depth: number): void => {
    const path = at(root, directory === '' ? linkRoot : `${linkRoot}/${directory}`);
    for (const name of namesIn(files, path, directory, unreadable)) {
      const link = directory === '' ? name : `${directory}/${name}`;
      if (directory === '' && !managed(name)) continue;
      const entry = readEntry(files, at(root, `${linkRoot}/${link}`), link, unreadable);
      if (!entry) continue;
      entries.set(link, entry);
      if (entry.kind !== 'directory') continue;
      if (depth < deepest) visit(link, depth + 1);
      else unreadable.set(link, 'too deep');
    }
  };
  visit('', 0);
  return { entries, unreadable };
}

/** Holds the directory while it is listed: a link that somebody puts in its place is not followed. */
function namesIn(files: Files, path: string, directory: string, unreadable: Map<string, string>): string[] {
  try {
    const held = files.hold(path);
    try {
      return files.list(held.path);
    } finally {
      held.release();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno !== 'ENOENT') unreadable.set(directory, errno);
    return [];
  }
}

/** One entry, `undefined` where there is none. Most are links: readlink first, and lstat only for what is none. */
export function readEntry(
  files: Files,
  path: string,
  link: string,
  unreadable: Map<string, string>,
): Entry | undefined {
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

/** What went away is no entry; what can't be looked at is unreadable. */
function noEntry(error: unknown, link: string, unreadable: Map<string, string>): undefined {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno !== 'ENOENT') unreadable.set(link, errno);
}
