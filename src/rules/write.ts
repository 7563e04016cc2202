/** Replaces or removes one file in a directory, without following symlinks on the way to it. */
import * as fs from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { DirHandle, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';

const prefix = '.vfio-names-rules-';

/**
 * Opens `directory` (without the root's prefix) part by part below the root, and fails if a part is a symlink. With
 * `create`, creates missing parts.
 */
export function openDirBelow(files: Files, root: Root, directory: string, create: boolean): DirHandle {
  let dir = files.openDir(root === '' ? '/' : pathBelow(root, ''));
  for (const part of directory.split('/').filter((name) => name !== '')) {
    try {
      const path = `${dir.path}/${part}`;
      if (create) makeDirectory(files, path);
      const next = files.openDir(path);
      dir.release();
      dir = next;
    } catch (error) {
      dir.release();
      throw error;
    }
  }
  return dir;
}

function makeDirectory(files: Files, path: string): void {
  try {
    files.mkdir(path);
  } catch (error) {
    const errno = errnoOf(error);
    // mkdir(2) can return these for an existing directory on a read-only tree or without write access; hold() then
    // checks whether the directory exists.
    if (errno !== 'EEXIST' && errno !== 'EROFS' && errno !== 'EACCES') throw error;
  }
}

/**
 * Atomically writes `text` to `name` in an open directory: temporary file, fsync, rename(2), fsync of the directory.
 * `token` makes the temporary name unique to this run; the name does not end with `.rules`, so udev never reads it.
 */
export function replaceFile(dir: DirHandle, name: string, text: string, token: string): void {
  const temporary = `${dir.path}/${prefix}${token}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    try {
      fs.fchmodSync(fd, 0o644);
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, `${dir.path}/${name}`);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dir);
}

/** Removes `name`; a missing file is not an error. */
export function removeFile(dir: DirHandle, name: string): void {
  fs.rmSync(`${dir.path}/${name}`, { force: true });
  syncDirectory(dir);
}

/** Removes temporary files of runs that were killed; `isAlive` returns whether a process with this PID exists. */
export function removeStaleTemporaries(
  files: Files,
  dir: DirHandle,
  isAlive: (pid: number) => boolean,
): void {
  for (const name of files.readdir(dir.path)) {
    const pid = name.startsWith(prefix) ? /^\d+/.exec(name.slice(prefix.length))?.[0] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(`${dir.path}/${name}`, { force: true });
  }
}

function syncDirectory(dir: DirHandle): void {
  const fd = fs.openSync(dir.path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
