/**
 * Hears that something changed below /dev/vfio. Knows neither devices nor names; what it tells is a hint, and the loop's
 * rescan finds what it misses.
 *
 * chokidar watches /dev/vfio, or what there is of the way to it, and tells which directories come and go. It reads a
 * directory and its entries anew at each event, which ten thousand nodes make dear; so the directories of nodes and names
 * have a plain watch each (listen.ts). chokidar's own picture is not used, since it has holes (measured with 5.0.0): it is
 * deaf to a directory that was removed and made anew at once, and below a parent that was missing. So its raw events
 * are taken, and whenever one says that a directory came or went, all is set up anew.
 */
import { dirname, join, relative, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { errnoOf } from '../errors.ts';
import { isReserved, linkRoot } from '../names/scheme.ts';
import type { Clock } from '../system/clock.ts';
import { at, type Root } from '../system/root.ts';
import { concernsDirectory, isDirectory, type Listening, listenBelow } from './listen.ts';

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

/** The kernel puts nodes there and no directory. */
const nodes: ReadonlySet<string> = new Set(['devices']);

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
  let below: Listening | undefined;
  let planned: (() => void) | undefined;
  let limit: (() => void) | undefined;
  let broken = false;
  let closed = false;

  const rearm = (): void => {
    if (closed || planned) return;
    planned = clock.after(rearmPause, arm);
  };
  const heard = (event: string, directory: string, name: string | null): void => {
    if (event === 'rename' && concernsDirectory(directory, name)) {
      hint('event');
      rearm();
      return;
    }
    const place = relative(home, join(directory, name ?? ''));
    // The kernel's own nodes beside ours, /dev/vfio/14, come and go with the devices; they tell nothing more.
    const foreign = place.startsWith('..') || (!groups && !place.includes('/') && isReserved(place));
    if (!foreign) hint('event', place === '' ? undefined : place);
  };
  const arm = (): void => {
    planned = undefined;
    limit?.();
    // The old one first: chokidar shares its watches by path over all watchers, a dead one, too.
    void watcher?.close();
    below?.close();
    below = undefined;
    const top = nearestDirectory(home);
    const fresh = chokidar(top, {
      depth: 0,
      followSymlinks: false,
      atomic: false,
      ignoreInitial: true,
      ignored: (path) => path !== top,
    });
    watcher = fresh;
    let faulty = false;
    const fails = (path: string, error: unknown): void => {
      if (fresh !== watcher || closed) return;
      if (!broken) fault(watchFault(path, error));
      broken = true;
      faulty = true;
    };
    fresh.on('raw', (event, name, details) => {
      if (fresh !== watcher || closed) return;
      const { watchedPath } = details as { readonly watchedPath: string };
      heard(event, watchedPath, name);
    });
    fresh.on('error', (error) => fails(top, error));
    fresh.on('ready', () => {
      if (fresh !== watcher || closed) return;
      limit?.();
      // It came between chokidar's reading of the directory above and its watch on that.
      if (nearestDirectory(home) !== top) return rearm();
      below?.close();
      below = listenBelow(home, nodes, heard, fails);
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
      below?.close();
      await watcher?.close();
    },
  };
}

/** /dev/vfio, or what there is of the way to it. */
function nearestDirectory(path: string): string {
  return isDirectory(path) || dirname(path) === path ? path : nearestDirectory(dirname(path));
}

function watchFault(path: string, error: unknown): string {
  const errno = errnoOf(error) ?? String(error);
  const remedy =
    errno === 'ENOSPC'
      ? 'raise fs.inotify.max_user_watches'
      : errno === 'EMFILE'
        ? 'raise fs.inotify.max_user_instances'
        : 'see what is wrong there';
  return `could not watch ${path}: ${errno}; ${remedy}; until then changes are found only when --interval has passed`;
}
