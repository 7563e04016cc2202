/**
 * Reports changes in a tree of directories with chokidar and inotify.
 *
 * chokidar watches the top, or its nearest existing parent, and reports directories that are created or removed. chokidar
 * reads a directory and its entries again at each event, which is slow with ten thousand nodes; so each directory of nodes or
 * links has a watch of its own (inotify.ts). chokidar's own events are not used because it misses some (measured with 5.0.0):
 * those of a directory that was removed and created again at once, and those below a parent that did not exist. The watcher
 * uses its raw events instead, and sets up all watches again when one reports that a directory was created or removed.
 */
import { dirname, join, relative, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { errnoOf } from '../../errors.ts';
import { type Watcher, type WatcherOptions, watchError } from '../watcher.ts';
import { concernsDirectory, type DirectoryWatches, isDirectory, watchBelow } from './inotify.ts';

/**
 * Starts to watch the directory. Without the timeout, the setup would never end if a directory is removed while chokidar
 * reads it: chokidar then does not send `ready`.
 */
export function startWatcher(
  { directory: top, flat, isIgnored, clock, timing, onHint, onError }: WatcherOptions,
  chokidar: typeof watch = watch,
): Watcher {
  // chokidar reports absolute paths.
  const root = resolve(top);
  let watcher: FSWatcher | undefined;
  let below: DirectoryWatches | undefined;
  let cancelRearm: (() => void) | undefined;
  let cancelTimeout: (() => void) | undefined;
  let broken = false;
  let closed = false;

  const rearm = (): void => {
    if (closed || cancelRearm) return;
    cancelRearm = clock.setTimer(timing.rearm, arm);
  };
  const onEvent = (event: string, directory: string, name: string | null): void => {
    if (event === 'rename' && concernsDirectory(directory, name)) {
      onHint('event');
      rearm();
      return;
    }
    const place = relative(root, join(directory, name ?? ''));
    if (!place.startsWith('..') && !isIgnored(place)) onHint('event', place === '' ? undefined : place);
  };
  const arm = (): void => {
    cancelRearm = undefined;
    cancelTimeout?.();
    // Close the previous watcher first: chokidar shares watches by path between all watchers, including closed ones.
    void watcher?.close();
    below?.close();
    below = undefined;
    const nearest = nearestDirectory(root);
    const fresh = chokidar(nearest, {
      depth: 0,
      followSymlinks: false,
      atomic: false,
      ignoreInitial: true,
      ignored: (path) => path !== nearest,
    });
    watcher = fresh;
    let failed = false;
    const watchFailed = (path: string, error: unknown): void => {
      if (fresh !== watcher || closed) return;
      if (!broken) onError(watchError(path, errnoOf(error) ?? String(error)));
      broken = true;
      failed = true;
    };
    fresh.on('raw', (event, name, details) => {
      if (fresh !== watcher || closed) return;
      const { watchedPath } = details as { readonly watchedPath: string };
      onEvent(event, watchedPath, name);
    });
    fresh.on('error', (error) => watchFailed(nearest, error));
    fresh.on('ready', () => {
      if (fresh !== watcher || closed) return;
      cancelTimeout?.();
      // The directory was created after chokidar read its parent but before it watched the parent.
      if (nearestDirectory(root) !== nearest) return rearm();
      below?.close();
      below = watchBelow(root, flat, onEvent, watchFailed);
      broken = failed;
      onHint('armed');
    });
    cancelTimeout = clock.setTimer(timing.ready, rearm);
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
