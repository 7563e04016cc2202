/** Runs a command line through main in this process. */
import type { Io } from '../../src/cli/command.ts';
import { main } from '../../src/cli/run.ts';
import { type SystemParts, testSystem } from './system.ts';

export interface CliResult {
  readonly status: number;
  readonly out: string;
  /** The lines of stderr. */
  readonly err: readonly string[];
}

/** Runs `vfio-names ARGS` and returns exit status, stdout and stderr. `parts` and `streams` replace parts of the defaults. */
export async function runCli(
  args: readonly string[],
  parts: SystemParts = {},
  streams: Partial<Io> = {},
): Promise<CliResult> {
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
