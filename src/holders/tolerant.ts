/** Reads of /proc and sysfs, whose entries may disappear or be unreadable at any time. */
import { errnoOf } from '../errors.ts';

/** Returns the result of `fn`, `undefined` if a system call fails; throws any other error. */
export function tryOrUndefined<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
