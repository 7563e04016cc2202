/** Entry point of the program: connects the command line to the process's arguments, streams and exit status. */
import { writeSync } from 'node:fs';
import type { Io } from './cli/command.ts';
import { main } from './cli/run.ts';
import { errnoOf, exitStatus } from './errors.ts';
import { nodeSystem } from './system/node/system.ts';
import type { System } from './system/system.ts';
import { escapeControls } from './text/printable.ts';

/** Writes the whole text; waits while a non-blocking pipe is full (EAGAIN). */
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  const sleepCell = new Int32Array(new SharedArrayBuffer(4));
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(sleepCell, 0, 0, 5);
    }
  }
}

/** Stops a command that runs until a signal, such as `watch`; `undefined` while no signal handlers are installed. */
let endService: (() => void) | undefined;
let isPipeClosed = false;
let stoppedByPipe = false;

/**
 * Writes to stdout. A closed pipe (EPIPE, as in `vfio-names list | head`) is not an error: the command finishes its work and
 * keeps its exit status. Only a service stops, as on SIGTERM, and exits with status 1 so that a service manager restarts it.
 */
function out(text: string): void {
  if (isPipeClosed) return;
  try {
    write(1, text);
  } catch (error) {
    if (errnoOf(error) !== 'EPIPE') throw Object.assign(error as Error, { path: 'standard output' });
    isPipeClosed = true;
    stoppedByPipe = endService !== undefined;
    endService?.();
  }
}

/** Writes a line to stderr. Ignores failed writes: the exit status still reports the error. */
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
  stdoutIsTty: process.stdout.isTTY === true,
  stdinIsTty: process.stdin.isTTY === true,
};

const system: System = {
  ...nodeSystem,
  process: {
    ...nodeSystem.process,
    handleSignals: (handlers) => {
      const remove = nodeSystem.process.handleSignals(handlers);
      endService = handlers.SIGTERM;
      return () => {
        endService = undefined;
        remove();
      };
    },
  },
};

main(process.argv.slice(2), io, system).then(
  (status) => {
    process.exitCode = stoppedByPipe ? exitStatus.findings : status;
  },
  (error: unknown) => {
    const text = (error instanceof Error && error.stack) || String(error);
    const lines = text.split('\n').map(escapeControls);
    err(`vfio-names: this is a fault of the program, please report it: ${lines.join('\n')}`);
    process.exitCode = 1;
  },
);
