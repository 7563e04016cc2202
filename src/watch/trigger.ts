/**
 * Hears that something changed below /dev/vfio, through chokidar. Knows neither devices nor names; what it tells is a
 * hint, and the loop's rescan finds what it misses.
 *
 * Only directories are watched, not what lies in them: inotify on a directory tells of its entries, too, so ten thousand
 * nodes need no ten thousand watches. chokidar's own picture of the tree is not used, since it has holes (measured with 5.0.0): it is
 * deaf to a directory that was removed and made anew at once, and below a parent that was missing. So the raw events
 * are taken, and whenever one says that a directory came or went, the whole watch is set up anew.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { attempt, errnoOf } from '../errors.ts';
import { isReserved, linkRoot } from '../names/scheme.ts';
import type { Clock } from '../system/clock.ts';
import { at, type Root } from '../system/root.ts';

export interface TriggerOptions {
  readonly root: Root;
  readonly clock: Clock;
  /** `place` is relative to /dev/vfio, absent where a directory is concerned. `armed` after each time that the watch was set up: what happened before that was not heard. */
  readonly hint: (reason: 'event' | 'armed', place?: string) => void;
  /** Hint at the nodes of groups, too, and at the container's: /dev/vfio/14, /dev/vfio/vfio. */
  readonly groups?: boolean;
  /** Watching does not work, one line why; said once until it works again. */
  readonly fault: (message: string) => void;
  /** Another chokidar than the real one: for tests. */
  readonly chokidar?: typeof watch;
}

export interface Trigger {
  /** Sets the watch up anew: for whoever finds that something was missed. */
  readonly rearm: () => void;
  readonly close: () => Promise<void>;
}

/** Directories that come and go in one burst are waited for, in milliseconds. */
export const rearmPause = 10;
/** chokidar does not say `ready` when a directory vanishes while it reads it: tried again after so many milliseconds. */
export const readyLimit = 10_000;
/** /dev/vfio/by-sriov/0000:01:00.0 is the deepest; names that lie deeper are left to the rescan. */
const depth = 2;

export function startTrigger({
  root,
  clock,
  hint,
  fault,
  groups = false,
  chokidar = watch,
}: TriggerOptions): Trigger {
  // chokidar tells absolute paths.
  const home = resolve(at(root, linkRoot));
  let watcher: FSWatcher | undefined;
  let planned: (() => void) | undefined;
  let limit: (() => void) | undefined;
  let broken = false;
  /** What was missed the last time, a path a line. */
  let given = '';
  let closed = false;

  const rearm = (): void => {
    if (closed || planned) return;
    planned = clock.after(rearmPause, arm);
  };
  const arm = (): void => {
    planned = undefined;
    limit?.();
    // The old one first: chokidar shares its watches by path over all watchers, a dead one, too.
    void watcher?.close();
    const top = nearestDirectory(home);
    const fresh = chokidar(top, {
      depth,
      followSymlinks: false,
      atomic: false,
      ignoreInitial: true,
      ignored: (path, stats) => !isWatched(home, top, path, stats?.isDirectory() ?? true),
    });
    watcher = fresh;
    let faulty = false;
    fresh.on('raw', (event, name, details) => {
      if (fresh !== watcher || closed) return;
      const { watchedPath } = details as { readonly watchedPath: string };
      if (event === 'rename' && concernsDirectory(watchedPath, name)) {
        hint('event');
        return rearm();
      }
      const place = relative(home, join(watchedPath, name ?? ''));
      // The kernel's own nodes beside ours, /dev/vfio/14, come and go with the devices; they tell nothing more.
      const foreign = place.startsWith('..') || (!groups && !place.includes('/') && isReserved(place));
      if (!foreign) hint('event', place === '' ? undefined : place);
    });
    fresh.on('error', (error) => {
      if (fresh !== watcher || closed) return;
      if (!broken) fault(watchFault(top, error));
      broken = true;
      faulty = true;
    });
    fresh.on('ready', () => {
      if (fresh !== watcher || closed) return;
      limit?.();
      // What came between chokidar's reading of a directory and its watch on it was missed.
      const known = new Set(Object.keys(fresh.getWatched()));
      const missed = directoriesBelow(home, depth).filter((path) => !known.has(path));
      if (nearestDirectory(home) !== top) missed.push(home);
      const again = missed.join('\n');
      // The same ones a second time are none that just came: they can't be watched, and trying for ever would not help.
      if (again !== '' && again !== given) {
        given = again;
        return rearm();
      }
      given = '';
      broken = faulty;
      hint('armed');
    });
    limit = clock.after(readyLimit, rearm);
  };

  arm();
  return {
    rearm,
    close: async () => {
      closed = true;
      planned?.();
      limit?.();
      await watcher?.close();
    },
  };
}

/** /dev/vfio, or what there is of the way to it. */
function nearestDirectory(path: string): string {
  return isDirectory(path) || dirname(path) === path ? path : nearestDirectory(dirname(path));
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** /dev/vfio and the directories below it; of the way to a missing /dev/vfio only what there is. */
function isWatched(home: string, top: string, path: string, directory: boolean): boolean {
  if (path === top) return true;
  return directory && top === home && !relative(home, path).startsWith('..');
}

/** An entry that is a directory now, or the watched directory itself, which inotify tells under its own name. */
function concernsDirectory(watchedPath: string, name: string | null): boolean {
  return name === null || name === basename(watchedPath) || isDirectory(join(watchedPath, name));
}

function directoriesBelow(path: string, levels: number): string[] {
  const entries =
    attempt(() => readdirSync(path, { withFileTypes: true }), 'ENOENT', 'ENOTDIR', 'EACCES') ?? [];
  const found = entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
  return levels > 1 ? found.flatMap((below) => [below, ...directoriesBelow(below, levels - 1)]) : found;
}

function watchFault(path: string, error: unknown): string {
  const errno = errnoOf(error) ?? String(error);
  const remedy =
    errno === 'ENOSPC'
      ? 'raise fs.inotify.max_user_watches'
      : errno === 'EMFILE'
        ? 'raise fs.inotify.max_user_instances'
        : 'see what is wrong there';
  return `could not watch ${path}: ${errno}; ${remedy}; until then changes are found by the rescan only`;
}
