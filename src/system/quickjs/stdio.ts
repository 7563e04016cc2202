/** Standard output and standard error. */
import * as syscalls from 'qjs:syscalls';
import { CallError } from '../calls.ts';
import { checked, errnoName, fail } from './errno.ts';
import { statusOf, writeAll } from './files.ts';

/**
 * Opens /dev/null for each standard stream that the process was started without, as Node does. Otherwise the next file that is
 * opened has its number: messages would be written into that file, and CMD of `exec` would inherit it. Call it before any file
 * is opened.
 */
export function openMissingStreams(): void {
  for (let fd = 0; fd <= 2; fd++) {
    if (syscalls.fcntl(fd, syscalls.F_GETFD, 0) >= 0) continue;
    // The lowest free number.
    checked(syscalls.open(syscalls.AT_FDCWD, '/dev/null', syscalls.O_RDWR, 0, 0), 'open', {
      path: '/dev/null',
    });
  }
}

type TryWrite = (bytes: Uint8Array) => number;

/** A pipe that is not full takes this many bytes at once (PIPE_BUF). */
const PIPE_BYTES = 4096;

/**
 * The width of the terminal in characters; `undefined` if `fd` is not a terminal. struct winsize begins with the rows and the
 * columns, 16 bits each.
 */
export function terminalColumns(fd: number): number | undefined {
  const size = new Uint16Array(4);
  const result = syscalls.ioctl(fd, syscalls.TIOCGWINSZ, new Uint8Array(size.buffer));
  return result < 0 ? undefined : size[1];
}

/** Writes the whole text; waits while a non-blocking pipe is full. Throws the error of write(2). */
export function writeWaiting(fd: number, text: string): void {
  writeAll(fd, text, (result) => {
    if (errnoName(-result) !== 'EAGAIN') fail(result, 'write');
    syscalls.poll(fd, syscalls.POLLOUT, -1);
  });
}

/**
 * Returns a write(2) that does not wait. O_NONBLOCK belongs to the open file, which other programs may share, so a pipe or a
 * terminal is opened again; where that fails, poll(2) says whether there is room.
 */
export function nonblockingWrite(fd: number): TryWrite {
  const { kind } = statusOf(fd);
  const plain: TryWrite = (bytes) => checked(syscalls.writeBytes(fd, bytes), 'write');
  if (kind === 'socket') {
    const flags = syscalls.MSG_NOSIGNAL | syscalls.MSG_DONTWAIT;
    return (bytes) => checked(syscalls.sendto(fd, bytes, flags, new Uint8Array(0)), 'send');
  }
  // A disk and /dev/null never wait for a reader.
  if (kind !== 'fifo' && !syscalls.isatty(fd)) return plain;
  const own = syscalls.open(
    syscalls.AT_FDCWD,
    `/proc/self/fd/${fd}`,
    syscalls.O_WRONLY | syscalls.O_NONBLOCK | syscalls.O_NOCTTY,
    0,
    0,
  );
  if (own >= 0) return (bytes) => checked(syscalls.writeBytes(own, bytes), 'write');
  // Nobody reads this pipe any more: write(2) fails with EPIPE.
  if (errnoName(-own) === 'ENXIO') return plain;
  return (bytes) => {
    const room = checked(syscalls.poll(fd, syscalls.POLLOUT, 0), 'poll');
    if (room === 0) throw new CallError('poll', 'EAGAIN');
    return plain(bytes.subarray(0, PIPE_BYTES));
  };
}
