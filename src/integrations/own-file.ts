/** A file that other programs read and this one keeps: replaced whole, or removed. Never touches one that is not ours; knows no format. */
import { posix } from 'node:path';
import { attempt, exitStatus, ioError, VfioNamesError } from '../errors.ts';
import { removeFile, replaceFile } from '../rules/write.ts';
import type { Files, Held } from '../system/files.ts';
import { printable } from '../text/printable.ts';

export type Done = 'written' | 'unchanged' | 'removed' | 'absent';

export interface OwnFile {
  /** As the caller sees it, a relative one as well. */
  readonly path: string;
  /** For messages, printable: `CDI specification`. */
  readonly what: string;
  /** The same with more words, of what may be replaced: `a CDI specification of the kind x/y`. */
  readonly ours: string;
  /** Whether a text that is there may be replaced. */
  readonly isOurs: (text: string) => boolean;
}

/** More than this is nothing of ours. */
const largest = 64 << 20;

/**
 * Puts `text` there, or removes what is there for `undefined`. Throws VfioNamesError `not-ours` (status 1), status 4 where it
 * is not permitted. The directory itself may be no link; its last part is made where it is missing. `token` is for the
 * temporary name.
 */
export function putOwn(files: Files, file: OwnFile, text: string | undefined, token: string): Done {
  const directory = posix.dirname(file.path);
  try {
    const held = text === undefined ? holdIfThere(files, directory) : holdMade(files, directory);
    if (!held) return 'absent';
    try {
      return put(files, held, file, text, token);
    } finally {
      held.release();
    }
  } catch (error) {
    throw ioError(error, `write the ${file.what}`, printable(file.path));
  }
}

function put(files: Files, held: Held, file: OwnFile, text: string | undefined, token: string): Done {
  const name = posix.basename(file.path);
  const old = readOwn(files, held, file, name);
  if (text === undefined) {
    if (old === undefined) return 'absent';
    removeFile(held, name);
    return 'removed';
  }
  // Readers look anew at every change in the directory.
  if (old === text) return 'unchanged';
  replaceFile(held, name, text, token);
  return 'written';
}

function holdIfThere(files: Files, directory: string): Held | undefined {
  return attempt(() => files.hold(directory), 'ENOENT');
}

function holdMade(files: Files, directory: string): Held {
  const held = holdIfThere(files, directory);
  if (held) return held;
  attempt(() => files.mkdir(directory), 'EEXIST');
  return files.hold(directory);
}

/** The text that is there; throws where it is not ours. */
function readOwn(files: Files, held: Held, file: OwnFile, name: string): string | undefined {
  const there = `${held.path}/${name}`;
  const status = attempt(() => files.lstat(there), 'ENOENT');
  if (!status) return undefined;
  const text = status.kind === 'file' ? files.read(there, largest) : undefined;
  if (text !== undefined && file.isOurs(text)) return text;
  const found = text === undefined ? `a ${status.kind}` : 'another file';
  throw new VfioNamesError(
    'not-ours',
    exitStatus.findings,
    `expected ${file.ours} or nothing at ${printable(file.path)}, found ${found}; remove it, or choose another FILE`,
    { path: file.path },
  );
}
