/**
 * Opens policy files that nobody but root can change. A path is opened part by part; each directory, link and file is judged
 * on its open descriptor, and the text is read from that descriptor, so that nothing can be exchanged in between.
 */

import { errnoOf, exitStatus, tryOrUndefined, VfioNamesError } from '../errors.ts';
import type { DirHandle, FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { formatMode } from '../text/prose.ts';

/** Who may own and write a policy. */
export interface Trust {
  readonly uids: ReadonlySet<number>;
  /** Whether members of the file's group may write it. */
  readonly allowsGroup: boolean;
}

/**
 * Root trusts only root, and below --root the owner of that directory. Another user trusts their own files, too, and those
 * of their group: their commands can change nothing that they could not change themselves.
 */
export function trustOfCaller(files: Files, root: Root): Trust {
  // The files of /proc/self belong to the effective user of the process.
  const self = tryOrUndefined(() => files.stat('/proc/self'))?.uid ?? 0;
  const owner = root === '' ? 0 : (tryOrUndefined(() => files.stat(root))?.uid ?? 0);
  return { uids: new Set([0, self, owner]), allowsGroup: self !== 0 };
}

/**
 * Returns what is wrong with the owner or mode of a policy file or a directory; `undefined` if only a trusted user can write
 * it. The group bits of a file with an ACL are the mask of the ACL (acl(5)), so they show a user that an ACL lets write.
 */
export function trustProblem(status: FileStatus, trust: Trust): string | undefined {
  const { kind, mode, uid, gid } = status;
  const isSetId = kind === 'file' && (mode & 0o6000) !== 0;
  // The mode of a link has no meaning.
  const isWritable = kind !== 'symlink' && isWritableByOthers(status, trust);
  if (trust.uids.has(uid) && !isSetId && !isWritable) return undefined;
  return `expected what only root may write, found owner ${uid}:${gid} and mode ${formatMode(mode)}`;
}

function isWritableByOthers({ mode }: FileStatus, { allowsGroup }: Trust): boolean {
  return (mode & (allowsGroup ? 0o002 : 0o022)) !== 0;
}

/**
 * Whether other users can replace `entry` in a directory: in one with the sticky bit, only its owner can (inode(7)). The
 * policy file itself may not be in a directory that everybody can write, such as /tmp, only below one.
 */
function canReplace(directory: FileStatus, entry: FileStatus, isPolicy: boolean, trust: Trust): boolean {
  if (!trust.uids.has(directory.uid)) return true;
  if (!isWritableByOthers(directory, trust)) return false;
  const isSticky = (directory.mode & 0o1000) !== 0;
  return !isSticky || !trust.uids.has(entry.uid) || (isPolicy && (directory.mode & 0o002) !== 0);
}

/** Returns the hint for a file or directory that is not trusted. */
export function trustHint(path: string): string {
  return `review its content, then chown root:root ${path}; chmod u-s,g-ws,o-w ${path}`;
}

interface Opened {
  readonly handle: DirHandle;
  readonly status: FileStatus;
  /** The path without links, with the root's prefix. */
  readonly path: string;
}

/** As many links as the kernel follows (MAXSYMLINKS in include/linux/namei.h). */
const MAX_LINKS = 40;

/**
 * Opens the absolute path `path` below `root`, follows its links below the root, and calls `fn` with the file or directory.
 * Returns `undefined` without calling `fn` for a link to /dev/null. Throws VfioNamesError `policy` (status 2) if somebody who
 * is not trusted can change what the path leads to; `file` is its name in errors.
 */
export function withTrusted<T>(
  files: Files,
  root: Root,
  path: string,
  trust: Trust,
  file: string,
  fn: (opened: Opened) => T,
): T | undefined {
  // The directories from the root to the current one: `..` goes back to the one before.
  const stack = [open(files, pathBelow(root, '/.'), root, file)];
  const pending = partsOf(path);
  let links = 0;
  try {
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '..') {
        if (stack.length > 1) stack.pop()?.handle.release();
        continue;
      }
      const directory = stack.at(-1);
      if (!directory) break;
      const next = open(files, `${directory.handle.path}/${part}`, `${directory.path}/${part}`, file);
      stack.push(next);
      const { kind } = next.status;
      if (canReplace(directory.status, next.status, pending.length === 0 && kind === 'file', trust))
        throw untrusted(directory, file);
      if (kind === 'symlink') {
        if (!trust.uids.has(next.status.uid)) throw untrusted(next, file);
        stack.pop()?.handle.release();
        const target = files.readlink(`${directory.handle.path}/${part}`);
        if (target === '/dev/null') return undefined;
        if (++links > MAX_LINKS) throw unusable(file, 'expected a file, found a chain of links');
        if (target.startsWith('/')) for (const { handle } of stack.splice(1)) handle.release();
        for (const name of partsOf(target)) pending.push(name);
      }
    }
    const opened = stack.at(-1);
    if (!opened) return undefined;
    if (trustProblem(opened.status, trust) !== undefined) throw untrusted(opened, file);
    return fn(opened);
  } finally {
    for (const { handle } of stack) handle.release();
  }
}

function open(files: Files, at: string, path: string, file: string): Opened {
  const handle = files.openPath(at);
  try {
    return { handle, status: files.stat(handle.path), path };
  } catch (error) {
    handle.release();
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw unusable(file, 'could not check who can write it: expected /proc, found nothing', {
      hint: 'mount proc on /proc',
    });
  }
}

/** The parts of a path, the last one first. */
function partsOf(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse();
}

function untrusted({ status, path }: Opened, file: string): VfioNamesError {
  const { mode, uid, gid } = status;
  const shown = printable(path === '' ? '/' : path);
  const found = `owner ${uid}:${gid} and mode ${formatMode(mode)}`;
  return unusable(file, `expected what only root may write, found ${found} at ${shown}`, {
    hint: status.kind === 'symlink' ? `remove ${shown}, or chown -h root:root ${shown}` : trustHint(shown),
  });
}

/** The error of a policy file that cannot be used. */
export function unusable(
  file: string,
  message: string,
  facts: { readonly hint?: string; readonly cause?: unknown } = {},
): VfioNamesError {
  return new VfioNamesError('policy', exitStatus.usage, `${file}: ${message}`, { ...facts, path: file });
}
