/** The file system calls on Node. */
import * as fs from 'node:fs';
import { errnoOf, tooLong } from '../../errors.ts';
import { decodeName, encodeName, mayHaveRawBytes } from '../../text/file-names.ts';
import { devnumOf } from '../devnum.ts';
import type { DirHandle, FileKind, FileStatus, OpenForChange, SystemFiles } from '../files.ts';

const kinds: Readonly<Record<number, FileKind>> = {
  [fs.constants.S_IFREG]: 'file',
  [fs.constants.S_IFDIR]: 'directory',
  [fs.constants.S_IFLNK]: 'symlink',
  [fs.constants.S_IFCHR]: 'char',
  [fs.constants.S_IFBLK]: 'block',
  [fs.constants.S_IFIFO]: 'fifo',
  [fs.constants.S_IFSOCK]: 'socket',
};

/** Converts a stat result of Node. */
export function statusOf(stats: fs.Stats): FileStatus {
  const kind = kinds[stats.mode & fs.constants.S_IFMT] ?? 'other';
  return {
    kind,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    inode: stats.ino,
    modified: stats.mtimeMs,
    ...((kind === 'char' || kind === 'block') && { devnum: devnumOf(stats.rdev) }),
  };
}

/**
 * Large enough for every sysfs attribute (one page, fs/sysfs/file.c) and for the files of /proc that vfio-names reads.
 */
const defaultLimit = 1 << 20;
const buffer = Buffer.alloc(4096);

/**
 * Closes a descriptor that was only read from. An error of close(2) is ignored: the descriptor is released, and no data
 * is lost.
 */
function release(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Calls `fn`, then closes `fd`. Adds the path to an error, since the error of a call on a descriptor has none. */
function withDescriptor<T>(path: string, fd: number, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  } finally {
    release(fd);
  }
}

// O_NONBLOCK: opening a FIFO in place of an attribute must not block.
const readOnly = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/** The path as Node has to have it. */
function raw(path: string): string | Buffer {
  return mayHaveRawBytes(path) ? Buffer.from(encodeName(path)) : path;
}

/** Node decodes a byte that is not part of UTF-8 to U+FFFD; the call is then made again, for the bytes. */
const replacement = '\ufffd';

function readdir(path: string): string[] {
  const names = fs.readdirSync(raw(path));
  if (!names.some((name) => name.includes(replacement))) return names;
  return fs.readdirSync(raw(path), { encoding: 'buffer' }).map(decodeName);
}

function readlink(path: string): string {
  const target = fs.readlinkSync(raw(path));
  if (!target.includes(replacement)) return target;
  return decodeName(fs.readlinkSync(raw(path), { encoding: 'buffer' }));
}

function read(path: string, limit = defaultLimit): string {
  const fd = fs.openSync(raw(path), readOnly);
  return withDescriptor(path, fd, () => {
    let total = 0;
    let length = -1;
    // A file of /proc may give less than it is asked for, so only a read of nothing is the end.
    for (; length !== 0 && total < buffer.length; total += length)
      length = fs.readSync(fd, buffer, total, buffer.length - total, null);
    if (total > limit) throw tooLong(path, limit);
    if (length === 0) return buffer.toString('utf8', 0, total);
    const chunks = [Buffer.from(buffer)];
    while (length > 0) {
      const chunk = Buffer.alloc(1 << 16);
      length = fs.readSync(fd, chunk, 0, chunk.length, null);
      total += length;
      if (total > limit) throw tooLong(path, limit);
      chunks.push(chunk.subarray(0, length));
    }
    return Buffer.concat(chunks).toString('utf8');
  });
}

function bytes(path: string, limit: number): Uint8Array {
  const fd = fs.openSync(raw(path), readOnly);
  return withDescriptor(path, fd, () => {
    const found = Buffer.alloc(limit);
    let total = 0;
    for (let length = -1; length !== 0 && total < limit; total += length)
      length = fs.readSync(fd, found, total, limit - total, null);
    return found.subarray(0, total);
  });
}

/** O_PATH of asm-generic/fcntl.h, valid for x86, arm64, riscv and s390; Node does not export it. */
export const O_PATH = 0o10000000;

function fstat(path: string): FileStatus {
  const fd = fs.openSync(raw(path), O_PATH | fs.constants.O_NOFOLLOW);
  return withDescriptor(path, fd, () => statusOf(fs.fstatSync(fd)));
}

/** The handle of an open descriptor. */
export function openHandle(fd: number): DirHandle {
  return { path: `/proc/self/fd/${fd}`, release: () => release(fd) };
}

function hold(path: string): DirHandle {
  return openHandle(
    fs.openSync(raw(path), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW),
  );
}

function openPath(path: string): DirHandle {
  return openHandle(fs.openSync(raw(path), O_PATH | fs.constants.O_NOFOLLOW));
}

/**
 * Opens with O_PATH, which has no effect on the device. fchmod(2) and fchown(2) reject such a descriptor (EBADF), so
 * the changes go through its entry in /proc, which leads to the same inode (proc(5), magic links).
 */
const openForChange: OpenForChange = (path) => {
  const fd = fs.openSync(raw(path), O_PATH | fs.constants.O_NOFOLLOW);
  const self = `/proc/self/fd/${fd}`;
  return {
    path: self,
    status: () => statusOf(fs.fstatSync(fd)),
    chown: (uid, gid) => fs.chownSync(self, uid, gid),
    chmod: (mode) => fs.chmodSync(self, mode),
    release: () => fs.closeSync(fd),
  };
};

function createFile(path: string, text: string, durable: boolean): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const fd = fs.openSync(raw(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    if (durable) fs.fchmodSync(fd, 0o644);
    fs.writeFileSync(fd, text);
    if (durable) fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function writeAttribute(path: string, text: string): void {
  const { O_WRONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = fs.constants;
  const fd = fs.openSync(raw(path), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  withDescriptor(path, fd, () => fs.writeSync(fd, text));
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(raw(path), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Errors of link(2) on a file system or in a sandbox without hard links. */
const noHardLinks = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

/**
 * Node has no renameat2(2). link(2) fails with EEXIST in its place, but not for a directory, which replaces only an empty one
 * (rename(2)), and not on every file system: there, the path is checked first.
 */
function renameNew(from: string, to: string): void {
  const [source, entry] = [raw(from), raw(to)];
  if (!fs.lstatSync(source).isDirectory())
    try {
      fs.linkSync(source, entry);
      fs.unlinkSync(source);
      return;
    } catch (error) {
      if (!noHardLinks.has(errnoOf(error) ?? '')) throw error;
    }
  if (fs.lstatSync(entry, { throwIfNoEntry: false }))
    throw Object.assign(new Error(`EEXIST: rename ${from}`), { code: 'EEXIST', path: to });
  fs.renameSync(source, entry);
}

let exchangeCall: SystemFiles['exchange'] | undefined;

/** Sets the function behind nodeFiles.exchange, which libc.ts loads. */
export function setExchange(call: SystemFiles['exchange']): void {
  exchangeCall = call;
}

function exchange(a: string, b: string): void {
  if (!exchangeCall) throw Object.assign(new Error(`ENOSYS: exchange ${a}`), { code: 'ENOSYS', path: a });
  exchangeCall(a, b);
}

export const nodeFiles: SystemFiles = {
  readdir,
  read,
  readBytes: bytes,
  readlink,
  lstat: (path) => statusOf(fs.lstatSync(raw(path))),
  stat: (path) => statusOf(fs.statSync(raw(path))),
  statNode: fstat,
  openDir: hold,
  openPath,
  writeAttribute,
  symlink: (target, path) => fs.symlinkSync(raw(target), raw(path)),
  rename: (from, to) => fs.renameSync(raw(from), raw(to)),
  renameNew,
  unlink: (path) => fs.unlinkSync(raw(path)),
  mkdir: (path) => fs.mkdirSync(raw(path), 0o755),
  rmdir: (path) => fs.rmdirSync(raw(path)),
  openForChange,
  createFile,
  syncDirectory,
  exchange,
};
