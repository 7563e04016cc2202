/** Applies the changes of a plan; each change is atomic and independent of the others. */
import { errnoOf, ignoring } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import { asideName, takeAside } from '../system/displace.ts';
import type { DirHandle, Files } from '../system/files.ts';
import { openDirBelow, type Root } from '../system/root-path.ts';
import type { Change, Outcome } from './plan.ts';

/**
 * Applies each change and returns one outcome per change; a failure does not stop the others. `token` makes the
 * temporary names unique to this run.
 */
export function apply(files: Files, root: Root, changes: readonly Change[], token: string): Outcome[] {
  const directories = new OpenDirectory(files, root);
  try {
    return changes.map((change) => applyOne(files, directories, change, token));
  } finally {
    directories.release();
  }
}

function applyOne(files: Files, directories: OpenDirectory, change: Change, token: string): Outcome {
  if (change.action === 'blocked') return { change, result: 'blocked' };
  try {
    return { change, result: performChange(files, directories, change, token) ? 'done' : 'raced' };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { change, result: raceErrnos.has(errno) ? 'raced' : 'failed', errno };
  }
}

/**
 * Another process created or removed the entry or its directory at the same time: not a failure, the caller scans
 * again.
 */
const raceErrnos = new Set(['ENOENT', 'EEXIST', 'ENOTEMPTY', 'EISDIR', 'ENOTDIR', 'ELOOP']);

function performChange(
  files: Files,
  directories: OpenDirectory,
  change: Exclude<Change, { action: 'blocked' }>,
  token: string,
): boolean {
  const slash = change.link.lastIndexOf('/');
  const name = change.link.slice(slash + 1);
  const create = change.action === 'create' || change.action === 'replace';
  const directory = directories.get(change.link.slice(0, Math.max(slash, 0)), create);
  const path = `${directory}/${name}`;
  switch (change.action) {
    case 'create':
      files.symlink(change.target, path);
      return true;
    case 'replace':
    case 'remove': {
      if (!targetIs(files, path, change.from)) return false;
      const aside = `${directory}/${asideName(token, name)}`;
      if (!takeAside(files, path, aside, () => targetIs(files, aside, change.from))) return false;
      try {
        if (change.action === 'replace') files.symlink(change.target, path);
      } finally {
        ignoring(() => files.unlink(aside), 'ENOENT');
      }
      return true;
    }
    case 'restore':
      files.renameNew(`${directory}/${change.hidden}`, path);
      return true;
    case 'remove-directory':
      directories.forget(change.link);
      files.rmdir(path);
      return true;
  }
}

function targetIs(files: Files, path: string, target: string): boolean {
  try {
    return files.readlink(path) === target;
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return false;
    throw error;
  }
}

/** Keeps the directory of the last link open, since the next link is usually in the same directory. */
class OpenDirectory {
  readonly #files: Files;
  readonly #root: Root;
  #current: { readonly directory: string; readonly held: DirHandle } | undefined;

  constructor(files: Files, root: Root) {
    this.#files = files;
    this.#root = root;
  }

  get(directory: string, create: boolean): string {
    if (this.#current?.directory !== directory) {
      this.release();
      this.#current = {
        directory,
        held: openDirBelow(this.#files, this.#root, `${linkRoot}/${directory}`, create),
      };
    }
    return this.#current.held.path;
  }

  /** Closes the directory if it is the open one; to be called before the directory is removed. */
  forget(directory: string): void {
    if (this.#current?.directory === directory) this.release();
  }

  release(): void {
    this.#current?.held.release();
    this.#current = undefined;
  }
}
