/** The clock and timers of the watch service, as an interface that tests replace. */
import { hrtime } from 'node:process';

export interface Clock {
  /** Monotonic time in milliseconds with a fraction (CLOCK_MONOTONIC), for durations. */
  readonly now: () => number;
  /** The time of day, for output. */
  readonly date: () => Date;
  /** Calls `fn` once, after `milliseconds`; the returned function cancels the timer. */
  readonly setTimer: (milliseconds: number, fn: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => Number(hrtime.bigint()) / 1e6,
  date: () => new Date(),
  setTimer: (milliseconds, fn) => {
    const timer = setTimeout(fn, milliseconds);
    return () => clearTimeout(timer);
  },
};
