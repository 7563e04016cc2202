/** Finds and reads the policy files, in drop-in directories as in systemd. */

import { errnoOf, exitStatus, ignoring, ioError, VfioNamesError } from '../errors.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';

/**
 * Returns what is wrong with the owner or mode of a policy file or of its directory, as sudo checks its own files
 * (sudoers(5)); `undefined` if only root may write it. Owner and group are checked only if `root` is empty: a tree below
 * `--root` belongs to the user who created it.
 */
export function trustProblem(status: FileStatus, root: string): string | undefined {
  const { mode, uid, gid } = status;
  const setId = status.kind === 'file' && (mode & 0o6000) !== 0;
  const worldWritable = (mode & 0o002) !== 0;
  const writableByOthers = root === '' && (uid !== 0 || ((mode & 0o020) !== 0 && gid !== 0));
  if (!setId && !worldWritable && !writableByOthers) return undefined;
  return `expected what only root may write, found owner ${uid}:${gid} and mode ${mode.toString(8).padStart(4, '0')}`;
}

/** Returns the hint for a file or directory that is not trusted. */
export function trustHint(path: string): string {
  return `look at what it says, then chown root:root ${path}; chmod u-s,g-ws,o-w ${path}`;
}

/** In ascending precedence: a file overrides a file of the same name in an earlier directory. */
const policyDirectories = ['/usr/lib/vfio-names', '/run/vfio-names', '/etc/vfio-names'] as const;

export interface PolicyText {
  /** The path, including the root's prefix. */
  readonly file: string;
  readonly text: string;
}

/** Size limit of a policy file in bytes. */
const MAX_BYTES = 1 << 20;

/** Returns the paths of the effective `*.toml` files, sorted by file name, one for each name; hidden files are skipped. */
export function policyPaths(files: Files, root: Root): string[] {
  const paths = new Map<string, string>();
  for (const directory of policyDirectories) {
    const path = pathBelow(root, directory);
    for (const name of listDirectory(files, path))
      if (name.endsWith('.toml') && !name.startsWith('.')) paths.set(name, `${path}/${name}`);
  }
  return [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

function listDirectory(files: Files, path: string): string[] {
  try {
    return ignoring(() => files.readdir(path), 'ENOENT', 'ENOTDIR') ?? [];
  } catch (error) {
    throw ioError(error, 'read the policy directory', path);
  }
}

/**
 * Reads the effective policy files. An empty file or a link to /dev/null masks the files of its name and is omitted.
 * Throws VfioNamesError `policy` (status 2) for a file that cannot be used or that others than root may write.
 */
export function readPolicyFiles(files: Files, root: Root): PolicyText[] {
  return policyPaths(files, root).flatMap((file) => {
    const path = tryReading(file, () => followLinks(files, root, file));
    if (path === '/dev/null') return [];
    for (const checked of [path, path.slice(0, path.lastIndexOf('/'))])
      mustBeTrusted(files, root, checked, file);
    const text = readPolicyFile(files, path, file);
    return text === '' ? [] : [{ file, text }];
  });
}

function mustBeTrusted(files: Files, root: Root, path: string, file: string): void {
  const reason = trustProblem(
    tryReading(file, () => files.stat(path)),
    root,
  );
  if (reason !== undefined)
    throw unusable(file, `${reason} at ${printable(path)}`, { hint: trustHint(printable(path)) });
}

/** Reads one policy file; `file` is its name in errors. Throws VfioNamesError `policy` (status 2) if it is too long. */
export function readPolicyFile(files: Files, path: string, file: string = path): string {
  const { kind } = tryReading(file, () => files.stat(path));
  // Reads do not block, so a FIFO or socket could give no text or only a part of it; reject it instead.
  if (kind === 'fifo' || kind === 'socket')
    throw unusable(file, `expected a policy file, found a ${kind}`, {
      hint: 'write the policy to a file',
    });
  const text = tryReading(file, () => files.read(path, MAX_BYTES + 1));
  if (text.length <= MAX_BYTES) return text;
  throw unusable(file, `expected at most ${MAX_BYTES} bytes, found more`);
}

/** Follows a file's symlinks. Absolute targets are resolved below the root, except for /dev/null. */
function followLinks(files: Files, root: Root, file: string): string {
  let path = file;
  for (let links = 0; links < 8; links++) {
    if (files.lstat(path).kind !== 'symlink') return path;
    const target = files.readlink(path);
    if (target === '/dev/null') return target;
    path = target.startsWith('/')
      ? pathBelow(root, target)
      : `${path.slice(0, path.lastIndexOf('/'))}/${target}`;
  }
  throw unusable(file, 'expected a file, found a chain of links');
}

function tryReading<T>(file: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') throw unusable(file, 'expected a policy file, found none', { cause: error });
    if (errno === 'EISDIR')
      throw unusable(file, 'expected a policy file, found a directory', { cause: error });
    throw ioError(error, 'read the policy', file);
  }
}

function unusable(
  file: string,
  message: string,
  facts: { readonly hint?: string; readonly cause?: unknown } = {},
): VfioNamesError {
  return new VfioNamesError('policy', exitStatus.usage, `${file}: ${message}`, { ...facts, path: file });
}
