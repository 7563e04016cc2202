/** The program: its arguments, its output and its exit status. */
import { writeSync } from 'node:fs';
import type { Io, Signal } from './cli/command.ts';
import { main } from './cli/run.ts';

/** A reader that went away (`vfio-names list | head`) is no fault; a full pipe is waited for. */
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') process.exit();
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

const io: Io = {
  out: (text) => write(1, text),
  err: (line) => write(2, `${line}\n`),
  env: process.env,
  stdoutIsTty: process.stdout.isTTY === true,
  stdinIsTty: process.stdin.isTTY === true,
  signals: (handlers) => {
    const entries = Object.entries(handlers) as [Signal, () => void][];
    for (const [name, act] of entries) process.on(name, act);
    return () => {
      for (const [name, act] of entries) process.off(name, act);
    };
  },
  ...(process.stdout.columns !== undefined && { columns: process.stdout.columns }),
};

main(process.argv.slice(2), io).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    write(
      2,
      `vfio-names: this is a fault of the program, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 1;
  },
);
