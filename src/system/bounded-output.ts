/**
 * The output of a service, which must not block because nobody reads it: what cannot be written at once waits in memory,
 * up to a limit. Further lines are dropped and counted.
 */
import { errnoOf } from '../errors.ts';
import { encodeUtf8 } from '../text/utf8.ts';
import type { Clock } from './clock.ts';

export interface BoundedOutput {
  /** Writes whole lines. Never waits and never throws the error of a system call. */
  readonly write: (lines: string) => void;
  /** Writes what can be written at once, drops and counts the rest, and stops the retries; later lines are treated alike. */
  readonly end: () => void;
}

export interface OutputOptions {
  /**
   * write(2) without waiting: returns how many bytes were written; throws an error whose `code` is EAGAIN while nothing can be
   * written.
   */
  readonly tryWrite: (bytes: Uint8Array) => number;
  readonly clock: Clock;
  /** How many bytes wait at most. */
  readonly limit: number;
  /** Called once lines can be written again, or at the end, with the number of those that were dropped meanwhile. */
  readonly onDropped: (lines: number) => void;
  /** Called once when the reader has closed its end (EPIPE); what is written afterwards is ignored. */
  readonly onClosed: () => void;
}

/** The delay before waiting lines are written again, in milliseconds; it doubles up to the longest. */
const retryDelays = { first: 20, longest: 1000 } as const;

export function boundedOutput({ tryWrite, clock, limit, onDropped, onClosed }: OutputOptions): BoundedOutput {
  let waiting: Uint8Array[] = [];
  let size = 0;
  let dropped = 0;
  let delay: number = retryDelays.first;
  let cancelRetry: (() => void) | undefined;
  let state: 'open' | 'ended' | 'closed' = 'open';
  /** Whether the last write(2) wrote something. */
  let works = true;

  /** Whether the chunk is done with: written, dropped, or its reader is gone. Keeps the rest of it in `waiting[0]`. */
  const writeFirst = (chunk: Uint8Array): boolean => {
    try {
      const written = tryWrite(chunk);
      works = written > 0;
      size -= written;
      if (written < chunk.length) waiting[0] = chunk.subarray(written);
      return written === chunk.length;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      works = false;
      if (errno === 'EAGAIN' || errno === 'EINTR') return false;
      size -= chunk.length;
      if (errno === 'EPIPE') close();
      else dropped += linesIn(chunk);
      return true;
    }
  };
  const close = (): void => {
    state = 'closed';
    waiting = [];
    size = 0;
    dropped = 0;
    onClosed();
  };
  const flush = (): void => {
    for (let chunk = waiting[0]; chunk; chunk = waiting[0]) {
      if (writeFirst(chunk)) waiting.shift();
      else if (!works) break;
      if (works) delay = retryDelays.first;
    }
    // Not before: the line about it would be lost as well, and be counted again.
    if (works && waiting.length === 0) reportDropped();
  };
  const reportDropped = (): void => {
    const count = dropped;
    dropped = 0;
    if (count > 0) onDropped(count);
  };
  const retry = (): void => {
    if (waiting.length === 0 || cancelRetry || state !== 'open') return;
    cancelRetry = clock.setTimer(delay, () => {
      cancelRetry = undefined;
      delay = Math.min(delay * 2, retryDelays.longest);
      flush();
      retry();
    });
  };
  const end = (): void => {
    flush();
    cancelRetry?.();
    cancelRetry = undefined;
    if (state === 'open') state = 'ended';
    for (const chunk of waiting) dropped += linesIn(chunk);
    waiting = [];
    size = 0;
    reportDropped();
  };
  return {
    write: (lines) => {
      if (state === 'closed') return;
      const chunk = encodeUtf8(lines);
      if (size + chunk.length > limit) {
        dropped += linesIn(chunk);
      } else {
        waiting.push(chunk);
        size += chunk.length;
      }
      flush();
      if (state === 'ended') {
        waiting = [];
        size = 0;
      }
      retry();
    },
    end,
  };
}

function linesIn(chunk: Uint8Array): number {
  let lines = 0;
  for (const byte of chunk) if (byte === 0x0a) lines++;
  return lines;
}
