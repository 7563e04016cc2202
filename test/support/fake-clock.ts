/** A clock whose time advances only when the test calls `pass`. */
import type { Clock } from '../../src/system/clock.ts';

export interface FakeClock extends Clock {
  /** Advances the time and runs the timers that are due, in order; lets promises settle after each timer. */
  readonly advance: (milliseconds: number) => Promise<void>;
  /** The number of timers that have not run yet. */
  readonly pending: () => number;
}

export function fakeClock(): FakeClock {
  let now = 0;
  let timers: { readonly at: number; readonly fn: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    now: () => now,
    date: () => new Date(Date.UTC(2026, 0, 1) + now),
    setTimer: (milliseconds, fn) => {
      const timer = { at: now + milliseconds, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: async (milliseconds) => {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.fn();
        await settle();
      }
      now = end;
    },
    pending: () => timers.length,
  };
}
