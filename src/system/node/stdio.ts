/** Writes to standard output and standard error without waiting for their reader. */
import * as fs from 'node:fs';
import { isatty } from 'node:tty';
import { errnoOf } from '../../errors.ts';

/** As OutputOptions.tryWrite. */
export type TryWrite = (bytes: Uint8Array) => number;

/** What the C library adds: a write that does not wait, to a descriptor that cannot be opened again. */
export type LoadTryWrite = (fd: number, isSocket: boolean) => Promise<TryWrite>;

/**
 * Returns a write(2) that does not wait. O_NONBLOCK belongs to the open file, which other programs may share, so a pipe or a
 * terminal is opened again. A socket cannot be, nor can what belongs to another user: `load` adds the calls for these; until
 * they are loaded, and where they cannot be, the write may wait.
 */
export function nonblockingWrite(fd: number, load: LoadTryWrite): TryWrite {
  const stats = fs.fstatSync(fd);
  const plain: TryWrite = (bytes) => fs.writeSync(fd, bytes);
  // A disk and /dev/null never wait for a reader.
  if (!stats.isFIFO() && !stats.isSocket() && !isatty(fd)) return plain;
  if (!stats.isSocket()) {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
    try {
      const own = fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
      return (bytes) => fs.writeSync(own, bytes);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // Nobody reads this pipe any more: write(2) fails with EPIPE.
      if (errno === 'ENXIO') return plain;
    }
  }
  let current = plain;
  load(fd, stats.isSocket()).then(
    (loaded) => {
      current = loaded;
    },
    () => {},
  );
  return (bytes) => current(bytes);
}

/** Writes the whole text; waits while a non-blocking pipe is full. Throws the error of write(2). */
export function writeWaiting(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  const sleepCell = new Int32Array(new SharedArrayBuffer(4));
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(sleepCell, 0, 0, 5);
    }
  }
}
