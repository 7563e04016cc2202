/** Files that call a hook before every system call, to simulate races, kills and failures. */
import type { SystemFiles } from '../../src/system/files.ts';
import { fakeFiles } from './fake-root.ts';

export interface Call {
  readonly name: keyof SystemFiles;
  /** The first argument, usually the path. */
  readonly path: string;
  /** The number of the call, counted from 1. */
  readonly number: number;
}

/** Wraps `files`: calls `before` ahead of each call; it may throw, which replaces the call, or change the machine. */
export function hookedFiles(before: (call: Call) => void, files: SystemFiles = fakeFiles): SystemFiles {
  let number = 0;
  const hook =
    <A extends readonly string[], R>(name: keyof SystemFiles, fn: (...args: A) => R) =>
    (...args: A): R => {
      number++;
      before({ name, path: args[0] ?? '', number });
      return fn(...args);
    };
  return {
    readdir: hook('readdir', files.readdir),
    read: (path, limit) => hook('read', (target: string) => files.read(target, limit))(path),
    readBytes: (path, limit) => hook('readBytes', (target: string) => files.readBytes(target, limit))(path),
    readlink: hook('readlink', files.readlink),
    lstat: hook('lstat', files.lstat),
    stat: hook('stat', files.stat),
    statNode: hook('statNode', files.statNode),
    openDir: hook('openDir', files.openDir),
    openPath: hook('openPath', files.openPath),
    writeAttribute: hook('writeAttribute', files.writeAttribute),
    symlink: hook('symlink', files.symlink),
    rename: hook('rename', files.rename),
    renameNew: hook('renameNew', files.renameNew),
    unlink: hook('unlink', files.unlink),
    mkdir: hook('mkdir', files.mkdir),
    rmdir: hook('rmdir', files.rmdir),
    openForChange: hook('openForChange', files.openForChange),
    createFile: (path, text, durable) =>
      hook('createFile', (target: string) => files.createFile(target, text, durable))(path),
    syncDirectory: hook('syncDirectory', files.syncDirectory),
    exchange: hook('exchange', files.exchange),
  };
}

/** Returns the error of a failed system call. */
export function errnoError(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno });
}

/** Simulates the end of the process: an error without an errno, so that no code handles it as a failed call. */
export class Killed extends Error {}

/** The calls that change the file system. */
export const changingCalls: ReadonlySet<string> = new Set([
  'symlink',
  'rename',
  'renameNew',
  'unlink',
  'writeAttribute',
  'mkdir',
  'rmdir',
]);
