/** The program: its arguments, its output and its exit status. */
import { writeSync } from 'node:fs';
import type { Io, Signal } from './cli/command.ts';
import { main } from './cli/run.ts';
import { errnoOf, exitStatus } from './errors.ts';

/** All of it; a full pipe is waited for. */
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

/** What ends a command that would go on for ever; absent where nothing listens. */
let endService: (() => void) | undefined;
let isReaderGone = false;
let wasCut = false;

/**
 * A reader that went away (`vfio-names list | head`) is no fault, and no reason to leave work half done or to lose its status.
 * Only a service has nothing left to do, and ends as by SIGTERM; its status lets a manager start it again.
 */
function out(text: string): void {
  if (isReaderGone) return;
  try {
    write(1, text);
  } catch (error) {
    if (errnoOf(error) !== 'EPIPE') throw Object.assign(error as Error, { path: 'standard output' });
    isReaderGone = true;
    wasCut = endService !== undefined;
    endService?.();
  }
}

/** Where nobody can be told, the exit status still tells. */
function err(line: string): void {
  try {
    write(2, `${line}\n`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

const io: Io = {
  out,
  err,
  env: process.env,
  stdoutIsTty: process.stdout.isTTY === true,
  stdinIsTty: process.stdin.isTTY === true,
  signals: (handlers) => {
    const entries = Object.entries(handlers) as [Signal, () => void][];
    for (const [name, act] of entries) process.on(name, act);
    endService = handlers.SIGTERM;
    return () => {
      endService = undefined;
      for (const [name, act] of entries) process.off(name, act);
    };
  },
  ...(process.stdout.columns !== undefined && { columns: process.stdout.columns }),
};

main(process.argv.slice(2), io).then(
  (status) => {
    process.exitCode = wasCut ? exitStatus.findings : status;
  },
  (error: unknown) => {
    err(
      `vfio-names: this is a fault of the program, please report it: ${error instanceof Error ? error.stack : String(error)}`,
    );
    process.exitCode = 1;
  },
);
