/** The clock and timers of the watch service, as an interface that tests replace. */

export interface Clock {
  /** Monotonic time in milliseconds with a fraction (CLOCK_MONOTONIC), for durations. */
  readonly now: () => number;
  /** The time of day, for output. */
  readonly date: () => Date;
  /** Calls `fn` once, after `milliseconds`; the returned function cancels the timer. */
  readonly setTimer: (milliseconds: number, fn: () => void) => () => void;
}
