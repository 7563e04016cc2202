/** Runs a command line through main, without a process. */
import type { Io } from '../../src/cli/command.ts';
import { main } from '../../src/cli/run.ts';
import { fakeFiles } from './fake-root.ts';

export interface CliResult {
  readonly status: number;
  readonly out: string;
  /** The lines of stderr. */
  readonly err: readonly string[];
}

/** Exit status, stdout and stderr of `vfio-names WORDS`. */
export async function runCli(words: readonly string[], more: Partial<Io> = {}): Promise<CliResult> {
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
    ...more,
  };
  const status = await main(words, io);
  return { status, out, err };
}
