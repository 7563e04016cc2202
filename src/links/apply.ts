/** Carries out the changes of a plan, each one atomic, each by itself. Knows nothing of devices. */
import { errnoOf } from '../errors.ts';
import type { Files, Held } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { Change, Outcome } from './change.ts';
import { holdDirectory } from './hold.ts';
import { temporaryPrefix } from './tree.ts';

/** Does each change and reports each; one that fails stops no other. `token` makes temporary names this run's own. */
export function apply(files: Files, root: Root, changes: readonly Change[], token: string): Outcome[] {
  const directories = new HeldDirectories(files, root);
  try {
    return changes.map((change) => applyOne(files, directories, change, token));
  } finally {
    directories.release();
  }
}

function applyOne(files: Files, directories: HeldDirectories, change: Change, token: string): Outcome {
  if (change.action === 'blocked') return { change, result: 'blocked' };
  try {
    return { change, result: act(files, directories, change, token) ? 'done' : 'changed' };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { change, result: overtaken.has(errno) ? 'changed' : 'failed', errno };
  }
}

/** Somebody else made or removed something here a moment before: no failure yet, but a reason to look again. */
const overtaken = new Set(['ENOENT', 'EEXIST', 'ENOTEMPTY', 'EISDIR', 'ENOTDIR', 'ELOOP']);

function act(
  files: Files,
  directories: HeldDirectories,
  change: Exclude<Change, { action: 'blocked' }>,
  token: string,
): boolean {
  const slash = change.link.lastIndexOf('/');
  const name = change.link.slice(slash + 1);
  const make = change.action === 'create' || change.action === 'replace';
  const directory = directories.get(change.link.slice(0, Math.max(slash, 0)), make);
  const path = `${directory}/${name}`;
  switch (change.action) {
    case 'create':
      files.symlink(change.target, path);
      return true;
    case 'replace':
      return isStill(files, path, change.from) && replace(files, directory, name, change.target, token);
    case 'remove':
      if (!isStill(files, path, change.from)) return false;
      files.unlink(path);
      return true;
    case 'remove-directory':
      directories.forget(change.link);
      files.rmdir(path);
      return true;
  }
}

function isStill(files: Files, path: string, target: string): boolean {
  try {
    return files.readlink(path) === target;
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return false;
    throw error;
  }
}

/** Links are never absent while they are replaced: a temporary name, then rename(2), which is atomic. */
function replace(files: Files, directory: string, name: string, target: string, token: string): boolean {
  const temporary = `${directory}/${temporaryPrefix}${token}`;
  files.symlink(target, temporary);
  try {
    files.rename(temporary, `${directory}/${name}`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') files.unlink(temporary);
    throw error;
  }
  return true;
}

/** The directory of the last link stays open, since the next link mostly lies in it too. */
class HeldDirectories {
  readonly #files: Files;
  readonly #root: Root;
  #current: { readonly directory: string; readonly held: Held } | undefined;

  constructor(files: Files, root: Root) {
    this.#files = files;
    this.#root = root;
  }

  get(directory: string, make: boolean): string {
    if (this.#current?.directory !== directory) {
      this.release();
      this.#current = { directory, held: holdDirectory(this.#files, this.#root, directory, make) };
    }
    return this.#current.held.path;
  }

  /** Before a directory is removed, and after: what we hold may be that directory. */
  forget(directory: string): void {
    if (this.#current?.directory === directory) this.release();
  }

  release(): void {
    this.#current?.held.release();
    this.#current = undefined;
  }
}
