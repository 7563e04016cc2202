/** A file that the service keeps up to date beside the links. */
import { errnoOf, exitStatus, ignoring, ioError, VfioNamesError, withHint } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import type { Hints, Reason } from './loop.ts';

export interface FileKeeper {
  /** Updates the file. Runs first in each pass, so that a removed device leaves the file before its links are removed. */
  readonly update: (hints: Hints, why: Reason) => void;
  /** Removes the file. */
  readonly remove: () => void;
}

/**
 * Throws VfioNamesError `usage` (status 2) unless `path`, the value of `option`, is a file or does not exist: it is replaced by
 * rename, which as root would replace even /dev/null.
 */
export function checkKeptPath(files: Files, option: string, path: string): void {
  const status = ignoring(() => files.lstat(path), 'ENOENT', 'ENOTDIR', 'EACCES');
  if (status === undefined || status.kind === 'file') return;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected a file or nothing at ${option} ${printable(path)}, found a ${status.kind}, which would be replaced`,
    { hint: 'choose another FILE', path },
  );
}

/**
 * Returns a function that calls its argument. An error is reported as one printable line: `could not keep WHAT: PATH: ...`;
 * the same one again only after a call without an error.
 */
export function reportOnce(
  what: string,
  path: string,
  onError: (message: string) => void,
): (fn: () => void) => void {
  let last = '';
  return (fn) => {
    try {
      fn();
      last = '';
    } catch (error) {
      if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
      const message = withHint(ioError(error, `keep ${what}`, printable(path)));
      if (message !== last) onError(message);
      last = message;
    }
  };
}
