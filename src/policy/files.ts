/** Finds and reads the policy files, in drop-in directories as in systemd. */

import { errnoOf, ignoring, ioError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { decodeUtf8 } from '../text/utf8.ts';
import { type Trust, trustOfCaller, unusable, withTrusted } from './trust.ts';

/** In ascending precedence: a file overrides a file of the same name in an earlier directory. */
const policyDirectories = ['/usr/lib/vfio-names', '/run/vfio-names', '/etc/vfio-names'] as const;

export interface PolicyText {
  /** The path, including the root's prefix. */
  readonly file: string;
  readonly text: string;
}

/** Size limit of a policy file in bytes. */
const MAX_BYTES = 1 << 20;

/** A file in a policy directory. */
interface PolicyEntry {
  readonly name: string;
  /** The path without the root's prefix. */
  readonly path: string;
}

/**
 * Lists the policy directories. Throws VfioNamesError `policy` (status 2) for a directory in which others than root can put
 * files. A machine without policy directories costs one failed call for each.
 */
function listDirectories(files: Files, root: Root, trust: () => Trust): PolicyEntry[] {
  return policyDirectories.flatMap((directory) => {
    const path = pathBelow(root, directory);
    const exists = tryReading(path, 'read the policy directory', () =>
      ignoring(() => files.readdir(path), 'ENOENT', 'ENOTDIR'),
    );
    if (!exists) return [];
    const names = tryReading(path, 'read the policy directory', () =>
      withTrusted(files, root, directory, trust(), path, ({ handle }) => files.readdir(handle.path)),
    );
    return (names ?? []).map((name) => ({ name, path: `${directory}/${name}` }));
  });
}

const isPolicyName = (name: string): boolean => name.endsWith('.toml') && !name.startsWith('.');

/** The effective `*.toml` files, sorted by file name, one for each name; hidden files are skipped. */
function effective(entries: readonly PolicyEntry[]): PolicyEntry[] {
  const byName = new Map(
    entries.filter(({ name }) => isPolicyName(name)).map((entry) => [entry.name, entry]),
  );
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the paths of the effective policy files, including the root's prefix. Throws as readPolicyFiles() does. */
export function policyPaths(files: Files, root: Root): string[] {
  const entries = listDirectories(files, root, () => trustOfCaller(files, root));
  return effective(entries).map(({ path }) => pathBelow(root, path));
}

/**
 * Returns the files in the policy directories that are ignored because of their name, such as `40.conf` and `backup.toml~`,
 * with the root's prefix, sorted. A README is not one of them. Throws as readPolicyFiles() does.
 */
export function ignoredPolicyFiles(files: Files, root: Root): string[] {
  return listDirectories(files, root, () => trustOfCaller(files, root))
    .filter(({ name }) => !isPolicyName(name) && !/^README|^\.(?!.*toml)/i.test(name))
    .map(({ path }) => pathBelow(root, path))
    .sort();
}

/**
 * Reads the effective policy files. An empty file or a link to /dev/null masks the files of its name and is omitted.
 * Throws VfioNamesError `policy` (status 2) for a file that cannot be used or that others than root can change.
 */
export function readPolicyFiles(files: Files, root: Root): PolicyText[] {
  let trust: Trust | undefined;
  const trustOnce = (): Trust => {
    trust ??= trustOfCaller(files, root);
    return trust;
  };
  return effective(listDirectories(files, root, trustOnce)).flatMap(({ path }) => {
    const file = pathBelow(root, path);
    const text = readTrusted(files, root, path, trustOnce(), file) ?? '';
    return text === '' ? [] : [{ file, text }];
  });
}

/**
 * Reads the policy file that the user gave, a path that is not below the root; only if nobody else can change it. Throws
 * VfioNamesError `policy` (status 2) otherwise.
 */
export function readTrustedPolicyFile(files: Files, path: string): string {
  const absolute = path.startsWith('/')
    ? path
    : tryReading(path, 'read the policy', () => `${files.readlink('/proc/self/cwd')}/${path}`);
  return readTrusted(files, '', absolute, trustOfCaller(files, ''), path) ?? '';
}

/** Reads one policy file; `undefined` for a link to /dev/null. */
function readTrusted(files: Files, root: Root, path: string, trust: Trust, file: string): string | undefined {
  return tryReading(file, 'read the policy', () =>
    withTrusted(files, root, path, trust, file, ({ handle, status }) => {
      if (status.kind === 'file') return readText(files, handle.path, file);
      throw unusable(file, `expected a policy file, found a ${status.kind}`, {
        hint: 'write the policy to a file',
      });
    }),
  );
}

/** Reads one policy file without checking who can write it. Throws VfioNamesError `policy` (status 2) if it is too long. */
export function readPolicyFile(files: Files, path: string): string {
  const { kind } = tryReading(path, 'read the policy', () => files.stat(path));
  // Reads do not block, so a FIFO or socket could give no text or only a part of it; reject it instead.
  if (kind === 'fifo' || kind === 'socket')
    throw unusable(path, `expected a policy file, found a ${kind}`, { hint: 'write the policy to a file' });
  return tryReading(path, 'read the policy', () => readText(files, path, path));
}

function readText(files: Files, path: string, file: string): string {
  const bytes = files.readBytes(path, MAX_BYTES + 1);
  if (bytes.byteLength <= MAX_BYTES) return decodeUtf8(bytes);
  throw unusable(file, `expected at most ${MAX_BYTES} bytes, found more`);
}

function tryReading<T>(file: string, doing: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') throw unusable(file, 'expected a policy file, found none', { cause: error });
    if (errno === 'EISDIR')
      throw unusable(file, 'expected a policy file, found a directory', { cause: error });
    throw ioError(error, doing, file);
  }
}
