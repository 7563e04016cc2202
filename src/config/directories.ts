/** Which policy files count, and their text: drop-in directories as systemd reads them. Knows nothing of what the files say. */
import { attempt, errnoOf, exitStatus, ioError, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import { trustRemedy, whyNotTrusted } from './trust.ts';

/** From the weakest to the strongest: a file overrides one of the same name in a directory before. */
export const policyDirectories = ['/usr/lib/vfio-names', '/run/vfio-names', '/etc/vfio-names'] as const;

export interface PolicyText {
  /** The path as it was read, the root's prefix included. */
  readonly file: string;
  readonly text: string;
}

/** More than a policy needs; a file that is bigger is something else. */
const largest = 1 << 20;

/** The paths of the files that count, by file name: one for each name, hidden files and other endings left out. */
export function policyPaths(files: Files, root: Root): string[] {
  const paths = new Map<string, string>();
  for (const directory of policyDirectories) {
    const path = at(root, directory);
    for (const name of listOf(files, path))
      if (name.endsWith('.toml') && !name.startsWith('.')) paths.set(name, `${path}/${name}`);
  }
  return [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

function listOf(files: Files, path: string): string[] {
  try {
    return attempt(() => files.list(path), 'ENOENT', 'ENOTDIR') ?? [];
  } catch (error) {
    throw ioError(error, 'read the policy directory', path);
  }
}

/** The files that count with their text; a link to /dev/null or an empty file masks its name and counts for nothing. */
export function readPolicyFiles(files: Files, root: Root): PolicyText[] {
  return policyPaths(files, root).flatMap((file) => {
    const path = reading(file, () => followed(files, root, file));
    if (path === '/dev/null') return [];
    for (const one of [path, path.slice(0, path.lastIndexOf('/'))]) mustBeTrusted(files, root, one, file);
    const text = readPolicyFile(files, path, file);
    return text === '' ? [] : [{ file, text }];
  });
}

function mustBeTrusted(files: Files, root: Root, path: string, file: string): void {
  const why = whyNotTrusted(
    reading(file, () => files.stat(path)),
    root,
  );
  if (why !== undefined)
    throw unusable(file, `${why} at ${printable(path)}; ${trustRemedy(printable(path))}`);
}

/** The text of one file; `file` is its name in errors. */
export function readPolicyFile(files: Files, path: string, file: string = path): string {
  const { kind } = reading(file, () => files.stat(path));
  // Reading never waits, and so may find nothing or half of it there: no policy is not what was meant.
  if (kind === 'fifo' || kind === 'socket')
    throw unusable(file, `expected a policy file, found a ${kind}; write the policy to a file`);
  const text = reading(file, () => files.read(path, largest + 1));
  if (text.length <= largest) return text;
  throw unusable(file, `expected at most ${largest} bytes, found more`);
}

/** Where a file's links lead; an absolute target lies below the root too, except for /dev/null. */
function followed(files: Files, root: Root, file: string): string {
  let path = file;
  for (let links = 0; links < 8; links++) {
    if (files.lstat(path).kind !== 'symlink') return path;
    const target = files.readlink(path);
    if (target === '/dev/null') return target;
    path = target.startsWith('/') ? at(root, target) : `${path.slice(0, path.lastIndexOf('/'))}/${target}`;
  }
  throw unusable(file, 'expected a file, found a chain of links');
}

function reading<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') throw unusable(file, 'expected a policy file, found none', error);
    if (errno === 'EISDIR') throw unusable(file, 'expected a policy file, found a directory', error);
    throw ioError(error, 'read the policy', file);
  }
}

function unusable(file: string, message: string, cause?: unknown): VfioNamesError {
  return new VfioNamesError('policy', exitStatus.usage, `${file}: ${message}`, { path: file, cause });
}
