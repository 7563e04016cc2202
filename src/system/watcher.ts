/** Reports changes in a tree of directories. */
import type { Clock } from './clock.ts';

/** In milliseconds. */
export interface WatcherTiming {
  /** The delay before the watches are set up again, so that a burst of directory changes causes one setup. */
  readonly rearm: number;
  /** How long the setup may take before it starts again. */
  readonly ready: number;
}

export interface WatcherOptions {
  /** The top of the tree; it need not exist yet. */
  readonly directory: string;
  /** The names of directories right below the top that have no directories below them. */
  readonly flat: ReadonlySet<string>;
  /** Whether changes of this place, relative to the top, are not reported. */
  readonly isIgnored: (place: string) => boolean;
  readonly clock: Clock;
  readonly timing: WatcherTiming;
  /**
   * `place` is relative to the top; `undefined` if a directory changed. `armed` is sent each time the watches were set up:
   * earlier changes may have been missed.
   */
  readonly onHint: (reason: 'event' | 'armed', place?: string) => void;
  /** Called with one line if watching fails; called once until watching works again. */
  readonly onError: (message: string) => void;
}

export interface Watcher {
  /** Sets up the watches again, for a caller that found a change which was not reported. */
  readonly rearm: () => void;
  readonly close: () => Promise<void>;
}

export type StartWatcher = (options: WatcherOptions) => Watcher;

/** One line for a directory that cannot be watched: what failed, and what to do. */
export function watchError(path: string, errno: string): string {
  const remedy =
    errno === 'ENOSPC'
      ? 'raise fs.inotify.max_user_watches'
      : errno === 'EMFILE'
        ? 'raise fs.inotify.max_user_instances'
        : 'see what is wrong there';
  return `could not watch ${path}: ${errno}; ${remedy}; until then changes are found only when --interval has passed`;
}
