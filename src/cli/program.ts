/** A run of the program: connects the command line to the streams and the signals of its process. */
import { errnoOf, exitStatus } from '../errors.ts';
import { type BoundedOutput, boundedOutput, type OutputOptions } from '../system/bounded-output.ts';
import type { System } from '../system/system.ts';
import { plural } from '../text/prose.ts';
import type { Io } from './command.ts';
import { main } from './run.ts';

/** The streams of the process. */
export interface Streams {
  /** Writes the whole text; waits while a non-blocking pipe is full. Throws an error whose `code` is the name of the errno. */
  readonly writeWaiting: (fd: 1 | 2, text: string) => void;
  /** Returns a write that does not wait. */
  readonly nonblockingWrite: (fd: 1 | 2) => OutputOptions['tryWrite'];
  readonly isTty: (fd: 0 | 1) => boolean;
  /** The width of the terminal on stdout in characters; `undefined` or 0 if it is not known. */
  readonly columns: () => number | undefined;
}

/** The maximum output of a service that waits for its reader, in bytes. */
const MAX_WAITING = 1 << 18;

/** Runs the command line `argv` (without the program) and returns the exit status. Throws only on a bug in the program. */
export async function runProgram(argv: readonly string[], streams: Streams, system: System): Promise<number> {
  /** The outputs of a command that runs until a signal, such as `watch`; `undefined` for the others, which wait for their reader. */
  let service: { readonly out: BoundedOutput; readonly err: BoundedOutput } | undefined;
  let isPipeClosed = false;
  let stoppedByPipe = false;

  /**
   * Writes to stdout. A closed pipe (EPIPE, as in `vfio-names list | head`) is not an error: the command finishes its work and
   * keeps its exit status. Only a service stops, as on SIGTERM, and exits with status 1 so that a service manager restarts it.
   */
  const out = (text: string): void => {
    if (service) {
      service.out.write(text);
      return;
    }
    if (isPipeClosed) return;
    try {
      streams.writeWaiting(1, text);
    } catch (error) {
      if (errnoOf(error) !== 'EPIPE') throw Object.assign(error as Error, { path: 'standard output' });
      isPipeClosed = true;
    }
  };
  const err = (line: string): void => {
    if (service) service.err.write(`${line}\n`);
    else writeLine(streams, line);
  };
  /** From here on, output does not wait for its reader. `stop` ends the service. */
  const startService = (stop: () => void): void => {
    const open = (fd: 1 | 2, name: string, onClosed: () => void): BoundedOutput =>
      boundedOutput({
        tryWrite: streams.nonblockingWrite(fd),
        clock: system.clock,
        limit: MAX_WAITING,
        onDropped: (lines) =>
          err(
            `vfio-names: ${plural(lines, 'line')} for standard ${name} could not be written in time and were dropped`,
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
  };
  const io: Io = {
    out,
    err,
    stdoutIsTty: streams.isTty(1),
    stdinIsTty: streams.isTty(0),
    columns: streams.columns,
  };
  const status = await main(argv, io, {
    ...system,
    process: {
      ...system.process,
      handleSignals: (handlers) => {
        const remove = system.process.handleSignals(handlers);
        startService(handlers.SIGTERM);
        return () => {
          service?.out.end();
          service?.err.end();
          remove();
        };
      },
    },
  });
  return stoppedByPipe ? exitStatus.findings : status;
}

/** Writes a line to stderr. Ignores failed writes: the exit status still reports the error. */
function writeLine(streams: Streams, line: string): void {
  try {
    streams.writeWaiting(2, `${line}\n`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Prints an error that is a bug; `details` are printable. */
export function reportFault(streams: Streams, details: string): void {
  writeLine(streams, `vfio-names: this is a bug in vfio-names, please report it: ${details}`);
}
