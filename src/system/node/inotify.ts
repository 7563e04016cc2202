/**
 * Watches each directory below a path with fs.watch, so that the cost of an event does not depend on the number of entries.
 * Does not watch directories that are created later; the caller starts it again for them.
 */
import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf, ignoring } from '../../errors.ts';

export interface DirectoryWatches {
  readonly close: () => void;
}

/** The deepest watched directory is one like /dev/vfio/by-sriov/0000:01:00.0; only the rescan notices deeper links. */
const MAX_DEPTH = 2;
/**
 * How often the directories are read to find those created while the watches are set up; later ones are reported by the
 * watch on their parent.
 */
const MAX_ROUNDS = 3;

/**
 * Watches all directories below `path`, but not `path` itself. Directories right below `path` whose name is in `flat` have no
 * subdirectories and are not read. Calls `onEvent` for each inotify event: `change` or `rename`, the directory, and the name of
 * the entry. Skips directories that are removed meanwhile; calls `onError` for one that cannot be watched.
 */
export function watchBelow(
  path: string,
  flat: ReadonlySet<string>,
  onEvent: (event: string, directory: string, name: string | null) => void,
  onError: (path: string, error: unknown) => void,
): DirectoryWatches {
  const watchers = new Map<string, FSWatcher | undefined>();
  const listen = (directory: string): FSWatcher | undefined => {
    try {
      const watcher = watch(directory, (event, name) => onEvent(event, directory, name));
      watcher.on('error', (error) => onError(directory, error));
      return watcher;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (errno !== 'ENOENT' && errno !== 'ENOTDIR') onError(directory, error);
      return undefined;
    }
  };
  // Another round finds directories created after their parent was read but before it was watched.
  for (let round = 0, more = true; more && round < MAX_ROUNDS; round++) {
    const fresh = directoriesBelow(path, MAX_DEPTH, flat).filter((directory) => !watchers.has(directory));
    for (const directory of fresh) watchers.set(directory, listen(directory));
    more = fresh.length > 0;
  }
  return {
    close: () => {
      for (const watcher of watchers.values()) watcher?.close();
    },
  };
}

/**
 * Whether an event is about a directory: an entry that is one now, or the watched directory itself, which inotify
 * reports by its own name.
 */
export function concernsDirectory(directory: string, name: string | null): boolean {
  return name === null || name === basename(directory) || isDirectory(join(directory, name));
}

/** Whether `path` is a directory and not a link to one; false if it cannot be read. */
export function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function directoriesBelow(path: string, levels: number, flat?: ReadonlySet<string>): string[] {
  const entries =
    ignoring(() => readdirSync(path, { withFileTypes: true }), 'ENOENT', 'ENOTDIR', 'EACCES') ?? [];
  const found = entries.filter((entry) => entry.isDirectory());
  return found.flatMap(({ name }) => {
    const below = join(path, name);
    return levels > 1 && !flat?.has(name) ? [below, ...directoriesBelow(below, levels - 1)] : [below];
  });
}
