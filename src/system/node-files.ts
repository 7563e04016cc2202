/** The file system calls on Node, each one system call or the few that a read needs. */
import * as fs from 'node:fs';
import { errnoOf } from '../errors.ts';
import { devnumOf } from './devnum.ts';
import type { Files, Held, Kind, Status } from './files.ts';

const kinds: Readonly<Record<number, Kind>> = {
  [fs.constants.S_IFREG]: 'file',
  [fs.constants.S_IFDIR]: 'directory',
  [fs.constants.S_IFLNK]: 'symlink',
  [fs.constants.S_IFCHR]: 'char',
  [fs.constants.S_IFBLK]: 'block',
  [fs.constants.S_IFIFO]: 'fifo',
  [fs.constants.S_IFSOCK]: 'socket',
};

/** What a Node stat result says, in our own words. */
export function statusOf(stats: fs.Stats): Status {
  const kind = kinds[stats.mode & fs.constants.S_IFMT] ?? 'other';
  const { uid, gid } = stats;
  const mode = stats.mode & 0o7777;
  const inode = String(stats.ino);
  // Written out: of objects made by a spread, V8 lets many outlive their use, which costs memory where nodes are many.
  return kind === 'char' || kind === 'block'
    ? { kind, mode, uid, gid, devnum: devnumOf(stats.rdev), inode }
    : { kind, mode, uid, gid, inode };
}

/** Big enough for every sysfs attribute (one page, fs/sysfs/file.c) and for the tables of /proc that we read. */
const defaultLimit = 1 << 20;
const buffer = Buffer.alloc(4096);

/** A descriptor that was only read from: it is gone even where close says that it failed (close(2)), and nothing is lost. */
function release(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** A call on a descriptor fails without a path; whoever is told needs one. */
function named<T>(path: string, fd: number, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  } finally {
    release(fd);
  }
}

// O_NONBLOCK: a FIFO in an attribute's place must not hold us.
const readOnly = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

function read(path: string, limit = defaultLimit): string {
  const fd = fs.openSync(path, readOnly);
  return named(path, fd, () => {
    let length = fs.readSync(fd, buffer, 0, Math.min(buffer.length, limit), null);
    if (length < buffer.length || length >= limit) return buffer.toString('utf8', 0, length);
    const chunks = [Buffer.from(buffer)];
    for (let total = length; length > 0 && total < limit; total += length) {
      const chunk = Buffer.alloc(Math.min(1 << 16, limit - total));
      length = fs.readSync(fd, chunk, 0, chunk.length, null);
      chunks.push(chunk.subarray(0, length));
    }
    return Buffer.concat(chunks).toString('utf8');
  });
}

function bytes(path: string, limit: number): Uint8Array {
  const fd = fs.openSync(path, readOnly);
  return named(path, fd, () => {
    const found = Buffer.alloc(limit);
    let total = 0;
    for (let length = -1; length !== 0 && total < limit; total += length)
      length = fs.readSync(fd, found, total, limit - total, null);
    return found.subarray(0, total);
  });
}

/** O_PATH of asm-generic/fcntl.h, which x86, arm64, riscv and s390 use; Node has no name for it. */
export const openPath = 0o10000000;

function fstat(path: string): Status {
  const fd = fs.openSync(path, openPath | fs.constants.O_NOFOLLOW);
  return named(path, fd, () => statusOf(fs.fstatSync(fd)));
}

function hold(path: string): Held {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
  return { path: `/proc/self/fd/${fd}`, release: () => release(fd) };
}

export const nodeFiles: Files = {
  list: (path) => fs.readdirSync(path),
  read,
  bytes,
  readlink: (path) => fs.readlinkSync(path),
  lstat: (path) => statusOf(fs.lstatSync(path)),
  stat: (path) => statusOf(fs.statSync(path)),
  fstat,
  hold,
  symlink: (target, path) => fs.symlinkSync(target, path),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (path) => fs.unlinkSync(path),
  mkdir: (path) => fs.mkdirSync(path, 0o755),
  rmdir: (path) => fs.rmdirSync(path),
};
