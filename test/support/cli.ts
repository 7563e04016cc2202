/** Runs a command line through main in this process. */
import type { Io } from '../../src/cli/command.ts';
import { main } from '../../src/cli/run.ts';
import { fakeFiles } from './fake-root.ts';

export interface CliResult {
  readonly status: number;
  readonly out: string;
  /** The lines of stderr. */
  readonly err: readonly string[];
}

/** Runs `vfio-names ARGS` and returns exit status, stdout and stderr; `overrides` replaces parts of the default Io. */
export async function runCli(args: readonly string[], overrides: Partial<Io> = {}): Promise<CliResult> {
  let out = '';
  const err: string[] = [];
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (line) => err.push(line),
    env: {},
    stdoutIsTty: false,
    stdinIsTty: false,
    files: fakeFiles,
    ...overrides,
  };
  const status = await main(args, io);
  return { status, out, err };
}
