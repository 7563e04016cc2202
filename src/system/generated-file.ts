/** Writes or removes a file that vfio-names generates at a path that the user gave, and leaves every other file alone. */
import { exitStatus, ignoring, ioError, VfioNamesError } from '../errors.ts';
import { baseName, dirName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import {
  isGeneratedFile,
  MAX_GENERATED_BYTES,
  removeFile,
  replaceFile,
  sweepTemporaries,
} from './atomic-file.ts';
import type { DirHandle, Files, SystemFiles } from './files.ts';

export type WriteOutcome = 'written' | 'unchanged' | 'removed' | 'absent';

interface GeneratedFile {
  /** As the caller gave it; may be relative. */
  readonly path: string;
  /** For messages, printable: `CDI specification`. */
  readonly description: string;
  /** For messages: what may be replaced, `a CDI specification of the kind x/y`. */
  readonly expected: string;
  /** Whether vfio-names generated this text, so that it may be replaced. */
  readonly isGenerated: (text: string) => boolean;
  /** Milliseconds since 1970: a file of this time, or an older one, is written again, even if its text is right. */
  readonly newerThan?: number;
}

/**
 * Writes `text` to the file, or removes the file if `text` is `undefined`. Throws VfioNamesError `file-unmanaged` (status 1), or an
 * error with status 4 if the change is not permitted. The directory must not be a link; if only its last component is missing,
 * it is created. `token` becomes part of the temporary file's name.
 */
export function writeGenerated(
  files: SystemFiles,
  file: GeneratedFile,
  text: string | undefined,
  token: string,
): WriteOutcome {
  const directory = dirName(file.path);
  try {
    const handle = text === undefined ? openIfExists(files, directory) : openOrCreate(files, directory);
    if (!handle) return 'absent';
    try {
      sweepTemporaries(files, handle, isGeneratedFile(files, file.isGenerated));
      return put(files, handle, file, text, token);
    } finally {
      handle.release();
    }
  } catch (error) {
    throw ioError(error, `write the ${file.description}`, printable(file.path));
  }
}

function put(
  files: SystemFiles,
  handle: DirHandle,
  file: GeneratedFile,
  text: string | undefined,
  token: string,
): WriteOutcome {
  const name = baseName(file.path);
  const isOurs = isGeneratedFile(files, file.isGenerated);
  const existing = readOwn(files, handle, file, name);
  if (text === undefined) {
    if (existing === undefined) return 'absent';
    if (!removeFile(files, handle, name, token, isOurs)) throw unmanaged(file, 'another file');
    return 'removed';
  }
  // Runtimes reload the directory after every change in it.
  if (existing?.text === text && existing.modified > (file.newerThan ?? 0)) return 'unchanged';
  if (!replaceFile(files, handle, { name, text, isOurs, durable: true }, token))
    throw unmanaged(file, 'another file');
  return 'written';
}

function openIfExists(files: Files, directory: string): DirHandle | undefined {
  return ignoring(() => files.openDir(directory), 'ENOENT');
}

function openOrCreate(files: Files, directory: string): DirHandle {
  const handle = openIfExists(files, directory);
  if (handle) return handle;
  ignoring(() => files.mkdir(directory), 'EEXIST');
  return files.openDir(directory);
}

/** Reads the existing file; throws if vfio-names did not generate it. */
function readOwn(
  files: Files,
  handle: DirHandle,
  file: GeneratedFile,
  name: string,
): { readonly text: string; readonly modified: number } | undefined {
  const path = `${handle.path}/${name}`;
  const status = ignoring(() => files.lstat(path), 'ENOENT');
  if (!status) return undefined;
  const text =
    status.kind === 'file' ? ignoring(() => files.read(path, MAX_GENERATED_BYTES), 'EFBIG') : undefined;
  if (text !== undefined && file.isGenerated(text)) return { text, modified: status.modified };
  throw unmanaged(file, text === undefined ? `a ${status.kind}` : 'another file');
}

function unmanaged({ path, expected }: GeneratedFile, found: string): VfioNamesError {
  return new VfioNamesError(
    'file-unmanaged',
    exitStatus.findings,
    `expected ${expected} or nothing at ${printable(path)}, found ${found}`,
    { hint: 'remove it, or choose another FILE', path },
  );
}
