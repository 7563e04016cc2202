/** The file system calls of the native programs. */
import * as syscalls from 'qjs:syscalls';
import { errnoError, tooLong } from '../../errors.ts';
import { decodeName } from '../../text/file-names.ts';
import { decodeUtf8 } from '../../text/utf8.ts';
import type { DirHandle, FileKind, FileStatus, LinkVisitor, OpenForChange, SystemFiles } from '../files.ts';
import { checked, errnoName, fail } from './errno.ts';

const { AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } = syscalls;

const kinds: Readonly<Record<number, FileKind>> = {
  [0o100000]: 'file',
  [0o040000]: 'directory',
  [0o120000]: 'symlink',
  [0o020000]: 'char',
  [0o060000]: 'block',
  [0o010000]: 'fifo',
  [0o140000]: 'socket',
};

/** Each call of syscalls.stat() sets all fields, which are read before the next one. */
export const fields = new Float64Array(10);

/** The status that syscalls.stat() wrote to `fields`. */
export function statusOfFields(): FileStatus {
  const mode = fields[0] ?? 0;
  // As integers, which become text faster.
  const uid = (fields[1] ?? 0) >>> 0;
  const gid = (fields[2] ?? 0) >>> 0;
  const kind = kinds[mode & 0o170000] ?? 'other';
  const bits = mode & 0o7777;
  const inode = fields[3] ?? 0;
  const modified = fields[9] ?? 0;
  if (kind !== 'char' && kind !== 'block') return { kind, mode: bits, uid, gid, inode, modified };
  const devnum = `${(fields[4] ?? 0) >>> 0}:${(fields[5] ?? 0) >>> 0}`;
  return { kind, mode: bits, uid, gid, inode, modified, devnum };
}

/** fstat(2). Throws an error without a path. */
export function statusOf(fd: number): FileStatus {
  checked(syscalls.stat(fd, '', AT_EMPTY_PATH, 0, fields), 'fstat');
  return statusOfFields();
}

export function textOf(text: string | ArrayBuffer): string {
  return typeof text === 'string' ? text : decodeUtf8(new Uint8Array(text));
}

/** A file name or the target of a link; syscalls.c accepts it back. */
export function nameOf(text: string | ArrayBuffer): string {
  return typeof text === 'string' ? text : decodeName(new Uint8Array(text));
}

/** Enough for every attribute of sysfs and for the files of /proc that vfio-names reads. */
export const defaultLimit = 1 << 20;
// O_NONBLOCK: opening a FIFO in place of an attribute must not block.
export const readOnly = O_RDONLY | syscalls.O_NONBLOCK | syscalls.O_NOCTTY;

function readFailed(result: number, path: string, limit: number): never {
  if (result > syscalls.READ_FAILED) return fail(result, 'open', { path });
  const failed = result - syscalls.READ_FAILED;
  if (errnoName(-failed) === 'EFBIG') throw tooLong(path, limit);
  return fail(failed, 'read');
}

function read(path: string, limit = defaultLimit): string {
  const text = syscalls.readFile(AT_FDCWD, path, readOnly, 0, limit, false);
  return typeof text === 'number' ? readFailed(text, path, limit) : textOf(text);
}

function readBytes(path: string, limit: number): Uint8Array {
  const bytes = syscalls.readFile(AT_FDCWD, path, readOnly, 0, limit, true);
  return typeof bytes === 'number' ? readFailed(bytes, path, limit) : new Uint8Array(bytes);
}

function readdir(path: string): string[] {
  const names = syscalls.readdir(AT_FDCWD, path, 0, false);
  return typeof names === 'number' ? fail(names, 'scandir', { path }) : names.map(nameOf);
}

function readlink(path: string): string {
  const target = syscalls.readlink(AT_FDCWD, path, 0);
  return typeof target === 'number' ? fail(target, 'readlink', { path }) : nameOf(target);
}

function eachLink(path: string, fn: LinkVisitor): void {
  const entries = syscalls.readlinks(path);
  if (typeof entries === 'number') fail(entries, 'scandir', { path });
  else visitPairs(entries, fn);
}

function visitPairs(entries: (string | ArrayBuffer | number)[], fn: LinkVisitor): void {
  for (let index = 0; index < entries.length; index += 2) {
    const name = nameOf(entries[index] as string | ArrayBuffer);
    const target = entries[index + 1];
    if (typeof target === 'number') fn(name, undefined, errnoName(-target));
    else fn(name, nameOf(target as string | ArrayBuffer), undefined);
  }
}

function status(path: string, flags: number, syscall: string): FileStatus {
  checked(syscalls.stat(AT_FDCWD, path, flags, 0, fields), syscall, { path });
  return statusOfFields();
}

function open(path: string, flags: number, mode = 0): number {
  return checked(syscalls.open(AT_FDCWD, path, flags, mode, 0), 'open', { path });
}

function statNode(path: string): FileStatus {
  const fd = open(path, O_PATH | O_NOFOLLOW);
  try {
    return statusOf(fd);
  } finally {
    syscalls.close(fd);
  }
}

function openDir(path: string): DirHandle {
  return openHandle(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

/** A handle of an open descriptor. */
export function openHandle(fd: number): DirHandle {
  return { path: `/proc/self/fd/${fd}`, release: () => void syscalls.close(fd) };
}

function openPath(path: string): DirHandle {
  return openHandle(open(path, O_PATH | O_NOFOLLOW));
}

/** fchmod(2) and fchown(2) reject a descriptor of O_PATH, so the changes go through its entry in /proc (see node/files.ts). */
const openForChange: OpenForChange = (path) => {
  const fd = open(path, O_PATH | O_NOFOLLOW);
  const self = `/proc/self/fd/${fd}`;
  return {
    path: self,
    status: () => statusOf(fd),
    chown: (uid, gid) => void checked(syscalls.chown(AT_FDCWD, self, uid, gid), 'chown', { path: self }),
    chmod: (mode) => void checked(syscalls.chmod(AT_FDCWD, self, mode), 'chmod', { path: self }),
    release: () => void syscalls.close(fd),
  };
};

/** Writes the whole text in UTF-8; `onError` gets the result of a failed write, which is repeated if it returns. */
export function writeAll(fd: number, text: string, onError: (result: number) => void): void {
  let wellFormed = text;
  for (let left = Number.MAX_SAFE_INTEGER; left > 0; ) {
    const result = syscalls.write(fd, wellFormed, left);
    if (result >= 0) left = result;
    else if (errnoName(-result) !== 'EILSEQ') onError(result);
    // As TextEncoder does; with the flag u, this matches half of a pair only.
    else wellFormed = text.replace(/[\ud800-\udfff]/gu, '\ufffd');
  }
}

function createFile(path: string, text: string, durable: boolean): void {
  const fd = open(path, syscalls.O_WRONLY | syscalls.O_CREAT | syscalls.O_EXCL | O_NOFOLLOW, 0o644);
  try {
    if (durable) checked(syscalls.fchmod(fd, 0o644), 'fchmod');
    writeAll(fd, text, (result) => fail(result, 'write'));
    if (durable) checked(syscalls.fsync(fd), 'fsync');
  } finally {
    syscalls.close(fd);
  }
}

function writeAttribute(path: string, text: string): void {
  const fd = open(path, syscalls.O_WRONLY | syscalls.O_NONBLOCK | syscalls.O_NOCTTY | O_NOFOLLOW);
  try {
    writeAll(fd, text, (result) => fail(result, 'write', { path }));
  } finally {
    syscalls.close(fd);
  }
}

function syncDirectory(path: string): void {
  const fd = open(path, O_RDONLY | O_DIRECTORY);
  try {
    checked(syscalls.fsync(fd), 'fsync');
  } finally {
    syscalls.close(fd);
  }
}

/**
 * renameat2(2); on a file system without RENAME_NOREPLACE, link(2), which fails with EEXIST in its place, but not for a
 * directory; a directory replaces only an empty one (rename(2)), and never anything else.
 */
function renameNew(from: string, to: string): void {
  const place = { path: from, dest: to };
  const result = syscalls.rename(AT_FDCWD, from, AT_FDCWD, to, syscalls.RENAME_NOREPLACE);
  if (result >= 0) return;
  if (!['EINVAL', 'ENOSYS'].includes(errnoName(-result))) fail(result, 'rename', place);
  if (status(from, AT_SYMLINK_NOFOLLOW, 'lstat').kind === 'directory') {
    if (syscalls.stat(AT_FDCWD, to, AT_SYMLINK_NOFOLLOW, 0, fields) >= 0) throw errnoError('EEXIST', to);
    checked(syscalls.rename(AT_FDCWD, from, AT_FDCWD, to, 0), 'rename', place);
    return;
  }
  checked(syscalls.link(AT_FDCWD, from, AT_FDCWD, to, 0), 'link', place);
  checked(syscalls.unlink(AT_FDCWD, from, 0), 'unlink', { path: from });
}

/** linux/fs.h */
const RENAME_EXCHANGE = 2;

export const quickjsFiles: SystemFiles = {
  readdir,
  read,
  readBytes,
  readlink,
  eachLink,
  lstat: (path) => status(path, AT_SYMLINK_NOFOLLOW, 'lstat'),
  stat: (path) => status(path, 0, 'stat'),
  statNode,
  openDir,
  openPath,
  writeAttribute,
  symlink: (target, path) =>
    void checked(syscalls.symlink(target, AT_FDCWD, path), 'symlink', { path: target, dest: path }),
  rename: (from, to) =>
    void checked(syscalls.rename(AT_FDCWD, from, AT_FDCWD, to, 0), 'rename', { path: from, dest: to }),
  renameNew,
  unlink: (path) => void checked(syscalls.unlink(AT_FDCWD, path, 0), 'unlink', { path }),
  mkdir: (path) => void checked(syscalls.mkdir(AT_FDCWD, path, 0o755), 'mkdir', { path }),
  rmdir: (path) => void checked(syscalls.unlink(AT_FDCWD, path, syscalls.AT_REMOVEDIR), 'rmdir', { path }),
  openForChange,
  createFile,
  syncDirectory,
  exchange: (a, b) =>
    void checked(syscalls.rename(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), 'rename', { path: a, dest: b }),
};
