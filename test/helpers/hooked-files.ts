/** A view of the file system that tells of every call before it is made: for races, kills and refusals. */
import type { Files } from '../../src/system/files.ts';
import { fakeFiles } from './fake-root.ts';

export interface Call {
  readonly name: keyof Files;
  /** The first operand, mostly the path. */
  readonly path: string;
  /** From 1. */
  readonly number: number;
}

/** `before` runs ahead of each call and may throw in its place, or change the world. */
export function hookedFiles(before: (call: Call) => void, files: Files = fakeFiles): Files {
  let number = 0;
  const hook =
    <A extends readonly string[], R>(name: keyof Files, act: (...operands: A) => R) =>
    (...operands: A): R => {
      number++;
      before({ name, path: operands[0] ?? '', number });
      return act(...operands);
    };
  return {
    list: hook('list', files.list),
    read: (path, limit) => hook('read', (asked: string) => files.read(asked, limit))(path),
    bytes: (path, limit) => hook('bytes', (asked: string) => files.bytes(asked, limit))(path),
    readlink: hook('readlink', files.readlink),
    lstat: hook('lstat', files.lstat),
    stat: hook('stat', files.stat),
    fstat: hook('fstat', files.fstat),
    hold: hook('hold', files.hold),
    symlink: hook('symlink', files.symlink),
    rename: hook('rename', files.rename),
    unlink: hook('unlink', files.unlink),
    mkdir: hook('mkdir', files.mkdir),
    rmdir: hook('rmdir', files.rmdir),
  };
}

/** The error of a system call. */
export function failure(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno });
}

/** The process ends here: no errno, so that nothing can catch it as a failed call. */
export class Killed extends Error {}

/** The calls that change something. */
export const changing: ReadonlySet<string> = new Set(['symlink', 'rename', 'unlink', 'mkdir', 'rmdir']);
