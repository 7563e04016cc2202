/** The file system calls on QuickJS's `os` and `std`, for the native vfio_id. */
import * as os from 'qjs:os';
import * as std from 'qjs:std';
import { tooLong } from '../../errors.ts';
import { decodeUtf8 } from '../../text/utf8.ts';
import { devnumOf } from '../devnum.ts';
import type { DirHandle, FileKind, FileStatus, Files } from '../files.ts';
import { linuxErrno } from './errno.ts';
import { armOpen, genericOpen } from './open-flags.ts';

const { O_RDONLY, O_NOCTTY, O_NONBLOCK, O_CLOEXEC, O_PATH, O_DIRECTORY, O_NOFOLLOW } = __ARM_OPEN_FLAGS__
  ? armOpen
  : genericOpen;

const kinds: Readonly<Record<number, FileKind>> = {
  [0o100000]: 'file',
  [0o040000]: 'directory',
  [0o120000]: 'symlink',
  [0o020000]: 'char',
  [0o060000]: 'block',
  [0o010000]: 'fifo',
  [0o140000]: 'socket',
};

/** Throws if the result is a negative errno, else returns it. */
function checked(result: number): number {
  if (result < 0) fail(-result);
  return result;
}

function fail(errno: number): never {
  const code = linuxErrno(errno);
  throw Object.assign(new Error(code), { code });
}

function checkedPair<T>([value, errno]: readonly [T, number]): NonNullable<T> {
  if (errno !== 0 || value === null || value === undefined) fail(errno);
  return value;
}

function statusOf(stats: os.Stat): FileStatus {
  const kind = kinds[stats.mode & 0o170000] ?? 'other';
  const status = {
    kind,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    inode: String(stats.ino),
  };
  return kind === 'char' || kind === 'block' ? { ...status, devnum: devnumOf(stats.rdev) } : status;
}

function open(path: string, flags: number): number {
  return checked(os.open(path, flags | O_CLOEXEC));
}

/** The size limit of sysfs attributes: one page (fs/sysfs/file.c). */
const PAGE = 4096;

/** Files longer than a page, such as pci.ids, are read again with `std`, which is many times faster than `os.read`. */
function read(path: string, limit = 1 << 20): string {
  const start = bytes(path, PAGE);
  if (start.length > limit) throw tooLong(path, limit);
  if (start.length < PAGE) return decodeUtf8(start);
  const file = std.fdopen(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY), 'r');
  if (!file) fail(12);
  try {
    const text = file.readAsString(limit);
    if (!file.eof() && file.getByte() >= 0) throw tooLong(path, limit);
    return text;
  } finally {
    file.close();
  }
}

function bytes(path: string, limit: number): Uint8Array {
  const fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    const buffer = new ArrayBuffer(limit);
    let length = 0;
    for (let got = 1; got > 0 && length < limit; length += got)
      got = checked(os.read(fd, buffer, length, limit - length));
    return new Uint8Array(buffer, 0, length);
  } finally {
    os.close(fd);
  }
}

/** `os` has no fstat(2), so this calls stat(2) on the descriptor's entry in /proc. */
function fstat(path: string): FileStatus {
  const fd = open(path, O_PATH | O_NOFOLLOW);
  try {
    return statusOf(checkedPair(os.stat(`/proc/self/fd/${fd}`)));
  } finally {
    os.close(fd);
  }
}

function hold(path: string): DirHandle {
  const fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return { path: `/proc/self/fd/${fd}`, release: () => void os.close(fd) };
}

function openPath(path: string): DirHandle {
  const fd = open(path, O_PATH | O_NOFOLLOW);
  return { path: `/proc/self/fd/${fd}`, release: () => void os.close(fd) };
}

/** QuickJS has neither renameat2(2) nor link(2). symlink(2) fails with EEXIST; for anything else, the path is looked at first. */
function renameNew(from: string, to: string): void {
  const [target, errno] = os.readlink(from);
  if (errno === 0) {
    checked(os.symlink(target, to));
    checked(os.remove(from));
    return;
  }
  if (os.lstat(to)[1] === 0) fail(17);
  checked(os.rename(from, to));
}

export const quickjsFiles: Files = {
  readdir: (path) => checkedPair(os.readdir(path)).filter((name) => name !== '.' && name !== '..'),
  read,
  readBytes: bytes,
  readlink: (path) => checkedPair(os.readlink(path)),
  lstat: (path) => statusOf(checkedPair(os.lstat(path))),
  stat: (path) => statusOf(checkedPair(os.stat(path))),
  statNode: fstat,
  openDir: hold,
  openPath,
  symlink: (target, path) => void checked(os.symlink(target, path)),
  rename: (from, to) => void checked(os.rename(from, to)),
  renameNew,
  unlink: (path) => void checked(os.remove(path)),
  mkdir: (path) => void checked(os.mkdir(path, 0o755)),
  rmdir: (path) => void checked(os.remove(path)),
};
