/**
 * When to look: gathers hints, runs one pass at a time, and one every so often without a hint.
 * Knows neither devices nor files, and does not believe a hint more than that something may have changed.
 */
import type { Clock } from '../system/clock.ts';

/** Why a pass runs: `armed` when the watcher begins to hear (what came before, it has missed), `rescan` by the clock. */
export type Reason = 'start' | 'event' | 'armed' | 'rescan' | 'reload';

/** All that was hinted at since the last pass began. */
export interface Hints {
  readonly reasons: ReadonlySet<Reason>;
  /** Paths relative to /dev/vfio; `undefined` where it may be anything. */
  readonly places: ReadonlySet<string> | undefined;
}

export interface LoopOptions {
  readonly clock: Clock;
  /** Must end by itself; what it throws ends the loop. */
  readonly pass: (hints: Hints) => Promise<void> | void;
  /** Milliseconds from the end of a pass to the next one that nobody asked for. */
  readonly interval: number;
  /** Ends the loop: a pass that runs is waited for, no other begins. */
  readonly signal: AbortSignal;
}

export interface Loop {
  /** Without a place, everything is looked at. */
  readonly hint: (reason: Reason, place?: string) => void;
  /** Resolves when the loop has ended and nothing of it runs any more; rejects with what a pass threw. */
  readonly done: Promise<void>;
}

/** Events of one action come in a burst: this long after its first one we look, in milliseconds. */
export const shortestPause = 5;
/** A machine in uproar is looked at so often at least, in milliseconds. */
export const longestPause = 250;

/** Starts the loop; the first pass needs a hint or waits for the interval. */
export function startLoop({ clock, pass, interval, signal }: LoopOptions): Loop {
  let reasons = new Set<Reason>();
  let places: Set<string> | undefined = new Set();
  let running = false;
  let ended = false;
  // Passes take half of the time at most, however many hints come.
  let pause = shortestPause;
  let due: (() => void) | undefined;
  let rescan: (() => void) | undefined;
  let settle: { resolve: () => void; reject: (error: unknown) => void };
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });

  const end = (): void => {
    ended = true;
    due?.();
    rescan?.();
    if (!running) settle.resolve();
  };
  const plan = (): void => {
    if (ended || running || due || reasons.size === 0) return;
    due = clock.after(pause, () => void run());
  };
  const run = async (): Promise<void> => {
    due = undefined;
    rescan?.();
    const hints: Hints = { reasons, places };
    reasons = new Set();
    places = new Set();
    running = true;
    const began = clock.now();
    try {
      await pass(hints);
    } catch (error) {
      ended = true;
      settle.reject(error);
    }
    running = false;
    if (ended) return settle.resolve();
    pause = Math.min(longestPause, Math.max(shortestPause, clock.now() - began));
    wait();
    plan();
  };
  const hint = (reason: Reason, place?: string): void => {
    reasons.add(reason);
    if (place === undefined) places = undefined;
    else places?.add(place);
    plan();
  };
  const wait = (): void => {
    rescan = clock.after(interval, () => hint('rescan'));
  };

  if (signal.aborted) end();
  else {
    signal.addEventListener('abort', end, { once: true });
    wait();
  }
  return { hint, done };
}
