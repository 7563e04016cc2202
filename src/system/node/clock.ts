/** The clock of this machine. */
import { hrtime } from 'node:process';
import type { Clock } from '../clock.ts';

export const systemClock: Clock = {
  now: () => Number(hrtime.bigint()) / 1e6,
  date: () => new Date(),
  setTimer: (milliseconds, fn) => {
    const timer = setTimeout(fn, milliseconds);
    return () => clearTimeout(timer);
  },
};
