/**
 * The file system calls on a tree that may be hostile: openat2(2) opens every path below the root beneath it. The calls that are
 * made for each device are one call of C here.
 */
import * as syscalls from 'qjs:syscalls';
import { errnoError } from '../../errors.ts';
import type { DirHandle, FileStatus, Files, SystemFiles } from '../files.ts';
import { openedRoot, systemFilesBelow } from '../files-below.ts';
import { type OpenBeneath, walkBeneath } from '../open-beneath.ts';
import type { Root } from '../root-path.ts';
import { errnoName, fail } from './errno.ts';
import {
  defaultLimit,
  fields,
  nameOf,
  openHandle,
  quickjsFiles,
  readOnly,
  statusOfFields,
  textOf,
} from './files.ts';

const { RESOLVE_IN_ROOT } = syscalls;

/** How often to repeat a call that fails with EAGAIN, since something was renamed while `..` was resolved. */
const MAX_TRIES = 32;

/** The number of an opened directory: its path ends with it. */
function descriptorOf({ path }: DirHandle): number {
  return Number(path.slice(path.lastIndexOf('/') + 1));
}

const openat2: OpenBeneath = (top, path, follow) => {
  const fd = descriptorOf(top);
  const flags = syscalls.O_PATH | (follow ? 0 : syscalls.O_NOFOLLOW);
  for (let tries = 1; ; tries++) {
    const opened = syscalls.open(fd, path === '' ? '.' : path, flags, 0, RESOLVE_IN_ROOT);
    if (opened >= 0) return openHandle(opened);
    const errno = errnoName(-opened);
    if (errno !== 'EAGAIN' || tries === MAX_TRIES) throw errnoError(errno, path);
  }
};

/** Whether the kernel (since Linux 5.6) and the sandbox support openat2(2). */
function hasOpenat2(): boolean {
  const top = quickjsFiles.openPath('/');
  try {
    openat2(top, '.', true).release();
    return true;
  } catch {
    return false;
  } finally {
    top.release();
  }
}

/** See systemFilesBelow(). */
export function quickjsFilesBelow(root: Root): SystemFiles {
  if (!hasOpenat2()) return systemFilesBelow(quickjsFiles, root, walkBeneath(quickjsFiles));
  const top = openedRoot(quickjsFiles, root);
  const files = systemFilesBelow(quickjsFiles, root, openat2, top);
  return { ...files, ...directCalls(files, root, top) };
}

/** The error of a missing attribute, which is the usual one. */
const ENOENT = 2;

/**
 * The calls of `files` that are made for each device. If one fails for another reason than that the path does not exist, `files`
 * repeats it and finds the reason.
 */
function directCalls(
  files: SystemFiles,
  root: Root,
  top: () => DirHandle,
): Pick<SystemFiles, 'read' | 'readlink' | 'lstat' | 'statNode'> {
  const prefix = `${root}/`;
  let descriptor: number | undefined;
  /** The descriptor of the root; `undefined` for a path that is not below it. */
  const rootOf = (path: string): number | undefined => {
    if (path.length === prefix.length || !path.startsWith(prefix)) return undefined;
    descriptor ??= descriptorOf(top());
    return descriptor;
  };
  const repeat = <T>(result: number, call: string, path: string, again: (path: string) => T): T =>
    result === -ENOENT ? fail(result, call, { path }) : again(path);
  const statusOfPath = (path: string, again: Files['lstat']): FileStatus => {
    const fd = rootOf(path);
    if (fd === undefined) return again(path);
    const result = syscalls.stat(fd, path.slice(prefix.length), 0, RESOLVE_IN_ROOT, fields);
    return result < 0 ? repeat(result, 'lstat', path, again) : statusOfFields();
  };
  return {
    read: (path, limit = defaultLimit) => {
      const fd = rootOf(path);
      if (fd === undefined) return files.read(path, limit);
      const below = path.slice(prefix.length);
      const text = syscalls.readFile(fd, below, readOnly, RESOLVE_IN_ROOT, limit, false);
      return typeof text === 'number'
        ? repeat(text, 'open', path, () => files.read(path, limit))
        : textOf(text);
    },
    readlink: (path) => {
      const fd = rootOf(path);
      if (fd === undefined) return files.readlink(path);
      const target = syscalls.readlink(fd, path.slice(prefix.length), RESOLVE_IN_ROOT);
      return typeof target === 'number' ? repeat(target, 'readlink', path, files.readlink) : nameOf(target);
    },
    lstat: (path) => statusOfPath(path, files.lstat),
    statNode: (path) => statusOfPath(path, files.statNode),
  };
}
