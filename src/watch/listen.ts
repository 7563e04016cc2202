/**
 * A plain watch on each directory below one, so that each event costs as much as itself however many entries there are.
 * Knows neither devices nor names, and does not set itself up anew.
 */
import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { attempt, errnoOf } from '../errors.ts';

export interface Listening {
  readonly close: () => void;
}

/** /dev/vfio/by-sriov/0000:01:00.0 is the deepest; names that lie deeper are left to the rescan. */
const depth = 2;
/** Directories that come while we set watches, so often; whatever comes then, its parent tells of. */
const rounds = 3;

/**
 * Watches all directories below `path`, not `path` itself; those right below it that are named in `flat` hold no more of
 * them, and are not read. `heard` gets what inotify tells: a `change` or a `rename`, in
 * which directory, of which entry. What goes away meanwhile is left out, and one that can't be watched `fails`.
 */
export function listenBelow(
  path: string,
  flat: ReadonlySet<string>,
  heard: (event: string, directory: string, name: string | null) => void,
  fails: (path: string, error: unknown) => void,
): Listening {
  const watchers = new Map<string, FSWatcher | undefined>();
  const listen = (directory: string): FSWatcher | undefined => {
    try {
      const watcher = watch(directory, (event, name) => heard(event, directory, name));
      watcher.on('error', (error) => fails(directory, error));
      return watcher;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (errno !== 'ENOENT' && errno !== 'ENOTDIR') fails(directory, error);
      return undefined;
    }
  };
  // What was made between the reading of its parent and the watch on that is found by one more reading.
  for (let round = 0, more = true; more && round < rounds; round++) {
    const fresh = directoriesBelow(path, depth, flat).filter((directory) => !watchers.has(directory));
    for (const directory of fresh) watchers.set(directory, listen(directory));
    more = fresh.length > 0;
  }
  return {
    close: () => {
      for (const watcher of watchers.values()) watcher?.close();
    },
  };
}

/** An entry that is a directory now, or the watched directory itself, which inotify tells under its own name. */
export function concernsDirectory(directory: string, name: string | null): boolean {
  return name === null || name === basename(directory) || isDirectory(join(directory, name));
}

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
    attempt(() => readdirSync(path, { withFileTypes: true }), 'ENOENT', 'ENOTDIR', 'EACCES') ?? [];
  const found = entries.filter((entry) => entry.isDirectory());
  return found.flatMap(({ name }) => {
    const below = join(path, name);
    return levels > 1 && !flat?.has(name) ? [below, ...directoriesBelow(below, levels - 1)] : [below];
  });
}
