/** A clock that stands still until the test moves it. */
import type { Clock } from '../../src/system/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on, runs what is due in its order, and lets promises settle after each. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** How many calls are still to come. */
  readonly pending: () => number;
}

export function fakeClock(): FakeClock {
  let now = 0;
  let timers: { readonly at: number; readonly act: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    now: () => now,
    date: () => new Date(Date.UTC(2026, 0, 1) + now),
    after: (milliseconds, act) => {
      const timer = { at: now + milliseconds, act };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass: async (milliseconds) => {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.act();
        await settle();
      }
      now = end;
    },
    pending: () => timers.length,
  };
}
