/** Entry point of the program: connects the command line to the process's arguments, streams and exit status. */
import { isatty } from 'node:tty';
import type { Io } from './cli/command.ts';
import { main } from './cli/run.ts';
import { errnoOf, exitStatus } from './errors.ts';
import { type BoundedOutput, boundedOutput } from './system/bounded-output.ts';
import { nonblockingWrite, writeWaiting } from './system/node/stdio.ts';
import { nodeSystem } from './system/node/system.ts';
import type { System } from './system/system.ts';
import { escapeControls } from './text/printable.ts';
import { plural } from './text/prose.ts';

/** How much output of a service waits for its reader, in bytes. */
const MAX_WAITING = 1 << 18;

/** The outputs of a command that runs until a signal, such as `watch`; `undefined` for the others, which wait for their reader. */
let service: { readonly out: BoundedOutput; readonly err: BoundedOutput } | undefined;
let isPipeClosed = false;
let stoppedByPipe = false;

/**
 * Writes to stdout. A closed pipe (EPIPE, as in `vfio-names list | head`) is not an error: the command finishes its work and
 * keeps its exit status. Only a service stops, as on SIGTERM, and exits with status 1 so that a service manager restarts it.
 */
function out(text: string): void {
  if (service) {
    service.out.write(text);
    return;
  }
  if (isPipeClosed) return;
  try {
    writeWaiting(1, text);
  } catch (error) {
    if (errnoOf(error) !== 'EPIPE') throw Object.assign(error as Error, { path: 'standard output' });
    isPipeClosed = true;
  }
}

/** Writes a line to stderr. Ignores failed writes: the exit status still reports the error. */
function err(line: string): void {
  if (service) {
    service.err.write(`${line}\n`);
    return;
  }
  try {
    writeWaiting(2, `${line}\n`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** From here on, output does not wait for its reader. `stop` ends the service. */
function startService(stop: () => void): void {
  const { clock } = nodeSystem;
  const load: Parameters<typeof nonblockingWrite>[1] = async (fd, isSocket) =>
    (await import('./system/node/libc.ts')).loadTryWrite(fd, isSocket);
  const open = (fd: number, name: string, onClosed: () => void): BoundedOutput =>
    boundedOutput({
      tryWrite: nonblockingWrite(fd, load),
      clock,
      limit: MAX_WAITING,
      onDropped: (lines) =>
        err(
          `vfio-names: ${plural(lines, 'line')} for standard ${name} could not be written in time and got lost`,
        ),
      onClosed,
    });
  service ??= {
    out: open(1, 'output', () => {
      stoppedByPipe = true;
      stop();
    }),
    err: open(2, 'error', () => {}),
  };
}

const io: Io = {
  out,
  err,
  stdoutIsTty: isatty(1),
  stdinIsTty: isatty(0),
};

const system: System = {
  ...nodeSystem,
  process: {
    ...nodeSystem.process,
    handleSignals: (handlers) => {
      const remove = nodeSystem.process.handleSignals(handlers);
      startService(handlers.SIGTERM);
      return () => {
        service?.out.end();
        service?.err.end();
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
