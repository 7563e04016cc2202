/**
 * Reports changes below /dev/vfio as hints; the loop's rescan finds changes that it misses.
 *
 * chokidar watches /dev/vfio, or its nearest existing parent, and reports directories that are created or removed. chokidar
 * reads a directory and its entries again at each event, which is slow with ten thousand nodes; so each directory of nodes or
 * links has a watch of its own (listen.ts). chokidar's own events are not used because it misses some (measured with 5.0.0):
 * those of a directory that was removed and created again at once, and those below a parent that did not exist. The trigger
 * uses its raw events instead, and sets up all watches again when one reports that a directory was created or removed.
 */
import { dirname, join, relative, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { errnoOf } from '../errors.ts';
import { isReservedName, linkRoot } from '../names/scheme.ts';
import type { Clock } from '../system/clock.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { concernsDirectory, type DirectoryWatches, isDirectory, watchBelow } from './inotify.ts';

export interface TriggerOptions {
  readonly root: Root;
  readonly clock: Clock;
  /**
   * `place` is relative to /dev/vfio; `undefined` if a directory changed. `armed` is sent each time the watches were set up:
   * earlier changes may have been missed.
   */
  readonly onHint: (reason: 'event' | 'armed', place?: string) => void;
  /** Also report changes of group nodes and of the container: /dev/vfio/14, /dev/vfio/vfio. */
  readonly groups?: boolean;
  /** Called with one line if watching fails; called once until watching works again. */
  readonly onError: (message: string) => void;
  /** Replaces chokidar's `watch` in tests. */
  readonly chokidar?: typeof watch;
}

export interface Trigger {
  /** Sets up the watches again, for a caller that found a change which was not reported. */
  readonly rearm: () => void;
  readonly close: () => Promise<void>;
}

/**
 * The delay before the watches are set up again, in milliseconds, so that a burst of directory changes causes one
 * setup.
 */
export const rearmDelayMs = 10;
/**
 * The timeout for chokidar's `ready`, in milliseconds; chokidar does not send it if a directory is removed while it
 * reads it.
 */
export const readyTimeoutMs = 10_000;

/** Directories in which the kernel creates nodes but no subdirectories. */
const flatDirectories: ReadonlySet<string> = new Set(['devices']);

/** Starts to watch /dev/vfio below the root. */
export function startTrigger({
  root,
  clock,
  onHint,
  onError,
  groups = false,
  chokidar = watch,
}: TriggerOptions): Trigger {
  // chokidar reports absolute paths.
  const linkDirectory = resolve(pathBelow(root, linkRoot));
  let watcher: FSWatcher | undefined;
  let below: DirectoryWatches | undefined;
  let cancelRearm: (() => void) | undefined;
  let cancelTimeout: (() => void) | undefined;
  let broken = false;
  let closed = false;

  const rearm = (): void => {
    if (closed || cancelRearm) return;
    cancelRearm = clock.setTimer(rearmDelayMs, arm);
  };
  const onEvent = (event: string, directory: string, name: string | null): void => {
    if (event === 'rename' && concernsDirectory(directory, name)) {
      onHint('event');
      rearm();
      return;
    }
    const place = relative(linkDirectory, join(directory, name ?? ''));
    // Group nodes such as /dev/vfio/14 are created and removed together with device nodes, so their events are redundant.
    const isIgnored = place.startsWith('..') || (!groups && !place.includes('/') && isReservedName(place));
    if (!isIgnored) onHint('event', place === '' ? undefined : place);
  };
  const arm = (): void => {
    cancelRearm = undefined;
    cancelTimeout?.();
    // Close the previous watcher first: chokidar shares watches by path between all watchers, including closed ones.
    void watcher?.close();
    below?.close();
    below = undefined;
    const top = nearestDirectory(linkDirectory);
    const fresh = chokidar(top, {
      depth: 0,
      followSymlinks: false,
      atomic: false,
      ignoreInitial: true,
      ignored: (path) => path !== top,
    });
    watcher = fresh;
    let failed = false;
    const watchFailed = (path: string, error: unknown): void => {
      if (fresh !== watcher || closed) return;
      if (!broken) onError(watchFault(path, error));
      broken = true;
      failed = true;
    };
    fresh.on('raw', (event, name, details) => {
      if (fresh !== watcher || closed) return;
      const { watchedPath } = details as { readonly watchedPath: string };
      onEvent(event, watchedPath, name);
    });
    fresh.on('error', (error) => watchFailed(top, error));
    fresh.on('ready', () => {
      if (fresh !== watcher || closed) return;
      cancelTimeout?.();
      // The directory was created after chokidar read its parent but before it watched the parent.
      if (nearestDirectory(linkDirectory) !== top) return rearm();
      below?.close();
      below = watchBelow(linkDirectory, flatDirectories, onEvent, watchFailed);
      broken = failed;
      onHint('armed');
    });
    cancelTimeout = clock.setTimer(readyTimeoutMs, rearm);
  };

  arm();
  return {
    rearm,
    close: async () => {
      closed = true;
      cancelRearm?.();
      cancelTimeout?.();
      below?.close();
      await watcher?.close();
    },
  };
}

/** Returns `path`, or its nearest parent that exists. */
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
