/**
 * Decides when a pass runs: collects hints, runs one pass at a time, and runs one after each interval without hints. A hint
 * only means that something may have changed.
 */
import type { Clock } from '../system/clock.ts';
import type { WatchTrigger } from './events.ts';

export type Reason = WatchTrigger;

/** The hints since the start of the last pass. */
export interface Hints {
  readonly reasons: ReadonlySet<Reason>;
  /** Paths relative to /dev/vfio; `undefined` if anything may have changed. */
  readonly paths: ReadonlySet<string> | undefined;
}

interface LoopOptions {
  readonly clock: Clock;
  /** Runs a pass; must end by itself. An error that it throws ends the loop. */
  readonly pass: (hints: Hints) => Promise<void> | void;
  /** Milliseconds from the end of a pass to the next one if there are no hints. */
  readonly interval: number;
  /** Ends the loop: a running pass is completed, no other one starts. */
  readonly signal: AbortSignal;
}

export interface Loop {
  /** Requests a pass; over everything if there is no `place`. */
  readonly hint: (reason: Reason, place?: string) => void;
  /** Resolves when the loop has ended and no pass runs; rejects with the error of a pass. */
  readonly done: Promise<void>;
}

/** The delay from the first event of a burst to the pass, in milliseconds. */
export const minDebounceMs = 5;
/** The longest delay to the next pass while events keep coming, in milliseconds. */
export const maxDebounceMs = 250;

/** Starts the loop; the first pass needs a hint or waits for the interval. */
export function startLoop({ clock, pass, interval, signal }: LoopOptions): Loop {
  let reasons = new Set<Reason>();
  let paths: Set<string> | undefined = new Set();
  let running = false;
  let ended = false;
  // The pause is as long as the last pass, so passes take at most half of the time.
  let pause = minDebounceMs;
  let cancelPass: (() => void) | undefined;
  let cancelRescan: (() => void) | undefined;
  let settleDone: { resolve: () => void; reject: (error: unknown) => void };
  const done = new Promise<void>((resolve, reject) => {
    settleDone = { resolve, reject };
  });

  const end = (): void => {
    ended = true;
    cancelPass?.();
    cancelRescan?.();
    if (!running) settleDone.resolve();
  };
  const schedule = (): void => {
    if (ended || running || cancelPass || reasons.size === 0) return;
    cancelPass = clock.setTimer(pause, () => void run());
  };
  const run = async (): Promise<void> => {
    cancelPass = undefined;
    cancelRescan?.();
    const hints: Hints = { reasons, paths };
    reasons = new Set();
    paths = new Set();
    running = true;
    const start = clock.now();
    try {
      await pass(hints);
    } catch (error) {
      ended = true;
      settleDone.reject(error);
    }
    running = false;
    if (ended) return settleDone.resolve();
    pause = Math.min(maxDebounceMs, Math.max(minDebounceMs, clock.now() - start));
    scheduleRescan();
    schedule();
  };
  const hint = (reason: Reason, place?: string): void => {
    reasons.add(reason);
    if (place === undefined) paths = undefined;
    else paths?.add(place);
    schedule();
  };
  const scheduleRescan = (): void => {
    cancelRescan = clock.setTimer(interval, () => hint('rescan'));
  };

  if (signal.aborted) end();
  else {
    signal.addEventListener('abort', end, { once: true });
    scheduleRescan();
  }
  return { hint, done };
}
