/** For what may vanish or be refused at any moment: a failed system call is "not there". Any other error stays one. */
import { errnoOf } from '../errors.ts';

/** The call's result, `undefined` where it failed with an errno. */
export function tolerant<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
