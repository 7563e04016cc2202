/** A file that the service keeps up to date beside the links. */
import type { Hints, Reason } from './loop.ts';

export interface FileKeeper {
  /** Updates the file. Runs first in each pass, so that a removed device leaves the file before its links are removed. */
  readonly update: (hints: Hints, why: Reason) => void;
  /** Removes the file. */
  readonly remove: () => void;
}
