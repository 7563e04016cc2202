/** The clock of this machine, with the timers of QuickJS. */
import * as os from 'qjs:os';
import * as syscalls from 'qjs:syscalls';
import type { Clock } from '../clock.ts';
import { guarded } from './guard.ts';

/** The longest delay that QuickJS's timers support. */
const MAX_DELAY = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => syscalls.clock(syscalls.CLOCK_MONOTONIC),
  date: () => new Date(),
  setTimer: (milliseconds, fn) => {
    const timer = os.setTimeout(guarded(fn), Math.min(Math.ceil(milliseconds), MAX_DELAY));
    return () => os.clearTimeout(timer);
  },
};
