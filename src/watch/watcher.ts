/** Reports changes below /dev/vfio as hints; the loop's rescan finds changes that it misses. */
import { isReservedName, linkRoot } from '../names/scheme.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { StartWatcher, Watcher, WatcherOptions, WatcherTiming } from '../system/watcher.ts';

export interface TriggerOptions extends Pick<WatcherOptions, 'clock' | 'onHint' | 'onError'> {
  readonly root: Root;
  /** Whether to report changes of group nodes and of the container, too: /dev/vfio/14, /dev/vfio/vfio. */
  readonly groups?: () => boolean;
}

export const watcherTiming: WatcherTiming = { rearm: 10, ready: 10_000 };

/** Directories in which the kernel creates nodes but no subdirectories. */
const flatDirectories: ReadonlySet<string> = new Set(['devices']);

/** Starts to watch /dev/vfio below the root. */
export function startTrigger(
  start: StartWatcher,
  { root, groups = () => false, ...options }: TriggerOptions,
): Watcher {
  return start({
    ...options,
    directory: pathBelow(root, linkRoot),
    flat: flatDirectories,
    timing: watcherTiming,
    isIgnored: (place) => !place.includes('/') && isReservedName(place) && !groups(),
  });
}
