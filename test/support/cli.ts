/** Runs a command line through main in this process, or with the program of VFIO_NAMES_PROGRAM. */
import { spawnSync } from 'node:child_process';
import type { Io } from '../../src/cli/command.ts';
import { main } from '../../src/cli/run.ts';
import { givenProgram } from './given-program.ts';
import { type SystemParts, testSystem } from './system.ts';

export interface CliResult {
  readonly status: number;
  readonly out: string;
  /** The lines of stderr. */
  readonly err: readonly string[];
}

/**
 * Runs `vfio-names ARGS` and returns exit status, stdout and stderr. `parts` and `streams` replace parts of the
 * defaults; with them, the command always runs in this process.
 */
export async function runCli(
  args: readonly string[],
  parts: SystemParts = {},
  streams: Partial<Io> = {},
): Promise<CliResult> {
  if (givenProgram !== undefined && Object.keys({ ...parts, ...streams }).length === 0)
    return runGiven(givenProgram, args);
  let out = '';
  const err: string[] = [];
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (line) => err.push(line),
    stdoutIsTty: false,
    stdinIsTty: false,
    ...streams,
  };
  const status = await main(args, io, testSystem(parts));
  return { status, out, err };
}

/** Runs a program in an empty environment, as testSystem() has. */
function runGiven(program: string, args: readonly string[]): CliResult {
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === null) throw new Error(`${program} ${args.join(' ')} ended with ${signal}`);
  return { status, out: stdout, err: stderr.split('\n').slice(0, -1) };
}
