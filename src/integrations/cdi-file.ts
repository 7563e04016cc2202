/** The file that runtimes read a CDI specification from: replaced whole, or removed. Never touches one of another kind. */
import { posix } from 'node:path';
import { attempt, exitStatus, ioError, VfioNamesError } from '../errors.ts';
import { removeFile, replaceFile } from '../rules/write.ts';
import type { Files, Held } from '../system/files.ts';
import { printable } from '../text/printable.ts';

export type Done = 'written' | 'unchanged' | 'removed' | 'absent';

/** More than this is no document of ours. */
const largest = 64 << 20;

/**
 * Puts `text` of this `kind` at `path` (as the caller sees it, a relative one as well), or removes what is there for
 * `undefined`. Throws VfioNamesError `not-ours` (status 1), status 4 where it is not permitted. The directory itself may
 * be no link; its last part is made where it is missing. `token` is for the temporary name.
 */
export function putSpec(
  files: Files,
  path: string,
  kind: string,
  text: string | undefined,
  token: string,
): Done {
  const [directory, name] = [posix.dirname(path), posix.basename(path)];
  try {
    const held = text === undefined ? holdIfThere(files, directory) : holdMade(files, directory);
    if (!held) return 'absent';
    try {
      return put(files, held, { path, name, kind }, text, token);
    } finally {
      held.release();
    }
  } catch (error) {
    throw ioError(error, 'write the CDI specification', printable(path));
  }
}

function put(
  files: Files,
  held: Held,
  place: { readonly path: string; readonly name: string; readonly kind: string },
  text: string | undefined,
  token: string,
): Done {
  const old = readOwn(files, held, place);
  if (text === undefined) {
    if (old === undefined) return 'absent';
    removeFile(held, place.name);
    return 'removed';
  }
  // Runtimes read the directory anew at every change in it.
  if (old === text) return 'unchanged';
  replaceFile(held, place.name, text, token);
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

/** The text that is there; throws where it is not a document of this kind. */
function readOwn(
  files: Files,
  held: Held,
  { path, name, kind }: { readonly path: string; readonly name: string; readonly kind: string },
): string | undefined {
  const there = `${held.path}/${name}`;
  const status = attempt(() => files.lstat(there), 'ENOENT');
  if (!status) return undefined;
  const text = status.kind === 'file' ? files.read(there, largest) : undefined;
  if (text !== undefined && kindOf(text) === kind) return text;
  const found = text === undefined ? `a ${status.kind}` : 'another file';
  throw new VfioNamesError(
    'not-ours',
    exitStatus.findings,
    `expected a CDI specification of the kind ${printable(kind)} or nothing at ${printable(path)}, found ${found}; remove it, or choose another FILE`,
    { path },
  );
}

function kindOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { kind?: unknown } | undefined)?.kind;
  } catch {
    return undefined;
  }
}
