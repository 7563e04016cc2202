/** Time as the service uses it, so that tests can have another. Knows nothing of what it is used for. */
import { hrtime } from 'node:process';

export interface Clock {
  /** Monotonic, in milliseconds with a fraction (CLOCK_MONOTONIC): for spans, never shown. */
  readonly now: () => number;
  /** The time of day, for what is shown and written. */
  readonly date: () => Date;
  /** Runs `act` once, after so many milliseconds; the result calls it off. */
  readonly after: (milliseconds: number, act: () => void) => () => void;
}

export const systemClock: Clock = {
  now: () => Number(hrtime.bigint()) / 1e6,
  date: () => new Date(),
  after: (milliseconds, act) => {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
};
