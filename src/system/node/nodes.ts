/** Opens device nodes: first with O_PATH, which touches no device, then through that descriptor. */
import * as fs from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { CallError, type NodeCalls } from '../calls.ts';
import { O_PATH, statusOf } from './files.ts';

/**
 * Read and write, without blocking or acquiring a controlling terminal. O_CLOEXEC is missing because libuv always adds it
 * (uv__fs_open).
 */
const openFlags = fs.constants.O_RDWR | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/** Opens a path with O_PATH and O_NOFOLLOW. Throws CallError. */
export function holdNode(step: string, path: string): number {
  return asCallError(step, () => fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW));
}

/** Opens the device that a descriptor of `holdNode` leads to. Throws CallError; `ENOPROC` without /proc. */
export function openHeld(step: string, held: number): number {
  try {
    return fs.openSync(pathOf(held), openFlags);
  } catch (error) {
    throw heldError(step, held, error);
  }
}

/** fstat(2) of a descriptor. Throws CallError. */
export function statusOfNode(step: string, fd: number): ReturnType<typeof statusOf> {
  return asCallError(step, () => statusOf(fs.fstatSync(fd)));
}

/** Closes a descriptor; Linux has released it even if close(2) fails. */
export function closeNode(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** proc_pid_fd(5): a magic link to the opened file itself, wherever its path leads by now. */
const pathOf = (held: number): string => `/proc/self/fd/${held}`;

/** ENOENT is the device's only if /proc is there. */
function heldError(step: string, held: number, error: unknown): CallError {
  const errno = errnoOf(error) ?? 'EIO';
  const isProc = errno !== 'ENOENT' || fs.lstatSync(pathOf(held), { throwIfNoEntry: false }) !== undefined;
  return new CallError(step, isProc ? errno : 'ENOPROC');
}

/** Calls `fn` and turns an error into a CallError. */
export function asCallError<T>(step: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw new CallError(step, errnoOf(error) ?? 'EIO');
  }
}

export const nodeCalls: NodeCalls = {
  hold: holdNode,
  open: (step, held, limit) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new CallError(step, 'ETIMEDOUT')), limit);
      // In a thread of libuv, so that this one hears the timer.
      fs.open(pathOf(held), openFlags, (error, fd) => {
        clearTimeout(timer);
        if (error) reject(heldError(step, held, error));
        else resolve(fd);
      });
    }),
  close: closeNode,
  status: statusOfNode,
};
