/** The line of an error: `message; hint`. */
import { withHint } from '../../src/errors.ts';

/** The line that the command line prints for an error; empty without one. */
export function errorLine(error: Error | undefined): string {
  return error === undefined ? '' : withHint(error);
}
