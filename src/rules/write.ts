/** Replaces or removes one file in a directory that is reached without following a link. Knows nothing of rules. */
import * as fs from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { Files, Held } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

const prefix = '.vfio-names-rules-';

/** Opens `directory` (the machine's path) part by part below the root; a link in the way fails. With `make`, missing parts are made. */
export function holdBelow(files: Files, root: Root, directory: string, make: boolean): Held {
  let held = files.hold(root === '' ? '/' : at(root, ''));
  for (const part of directory.split('/').filter((one) => one !== '')) {
    try {
      const path = `${held.path}/${part}`;
      if (make) makeDirectory(files, path);
      const next = files.hold(path);
      held.release();
      held = next;
    } catch (error) {
      held.release();
      throw error;
    }
  }
  return held;
}

function makeDirectory(files: Files, path: string): void {
  try {
    files.mkdir(path);
  } catch (error) {
    const errno = errnoOf(error);
    // On a read-only or foreign tree a directory that is there gives these too; hold() tells whether it is.
    if (errno !== 'EEXIST' && errno !== 'EROFS' && errno !== 'EACCES') throw error;
  }
}

/**
 * Puts `text` at `name` in a held directory, whole or not at all: a file of its own, fsync, rename(2), fsync of the directory.
 * `token` makes the temporary name this run's own; it has no `.rules` at its end, so udev never reads it.
 */
export function replaceFile(held: Held, name: string, text: string, token: string): void {
  const temporary = `${held.path}/${prefix}${token}`;
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
    fs.renameSync(temporary, `${held.path}/${name}`);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(held);
}

/** Removes `name`; what is gone already is fine. */
export function removeFile(held: Held, name: string): void {
  fs.rmSync(`${held.path}/${name}`, { force: true });
  syncDirectory(held);
}

/** Removes what runs of ours that were killed have left; `isAlive` tells of a process number. */
export function sweep(files: Files, held: Held, isAlive: (pid: number) => boolean): void {
  for (const name of files.list(held.path)) {
    const pid = name.startsWith(prefix) ? /^\d+/.exec(name.slice(prefix.length))?.[0] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(`${held.path}/${name}`, { force: true });
  }
}

function syncDirectory(held: Held): void {
  const fd = fs.openSync(held.path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
