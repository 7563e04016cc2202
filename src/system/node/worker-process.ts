/** Starts the second process of probe on Node, and is its pipe; the lines are in ../worker-protocol.ts. */
import * as fs from 'node:fs';
import { execArgv, execPath } from 'node:process';
import type { Worker } from '../programs.ts';
import {
  createWorker,
  endMessage,
  lineSplitter,
  type WorkerEvents,
  type WorkerProcess,
} from '../worker-protocol.ts';
import { systemClock } from './clock.ts';

export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * Returns the command line of the second process of probe. `directory` contains the running program: `dist`, or a source
 * folder.
 */
export function workerCommand(directory: string = import.meta.dirname): WorkerCommand {
  const built = `${directory}/probe-worker.cjs`;
  // Pass on our own options (--jitless, --import=tsx), except the debugger's: two processes cannot share its port.
  const options = execArgv.filter((option) => !option.startsWith('--inspect'));
  const program = fs.existsSync(built) ? built : `${directory}/../../probe/worker-main.ts`;
  return { file: execPath, args: [...options, program] };
}

/**
 * Milliseconds that the start of the second process may take, apart from the limit of a step: Node starts slowly on
 * some machines.
 */
const START_LIMIT = 60_000;

/** `stepLimit` is in milliseconds. */
export function startWorker(command: WorkerCommand, stepLimit: number): Worker {
  return createWorker((events) => startProcess(command, events), {
    step: stepLimit,
    start: START_LIMIT,
    setTimer: systemClock.setTimer,
  });
}

function startProcess(command: WorkerCommand, { onLine, onLost }: WorkerEvents): WorkerProcess {
  const child = process
    .getBuiltinModule('node:child_process')
    .spawn(command.file, [...command.args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stdout.on('data', lineSplitter(onLine));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-2000);
  });
  child.stdin.on('error', () => {});
  child.on('error', (error) => onLost(error.message));
  child.on('close', (status, signal) => onLost(endMessage(signal ?? status ?? 1, stderr)));
  return {
    write: (line) => child.stdin.write(line),
    end: (kill) => {
      if (kill) child.kill('SIGKILL');
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}

const buffer = Buffer.alloc(1 << 16);

/** stdin and stdout of the second process, which are pipes of the first one. */
export const standardPipe = {
  read: (): Uint8Array => buffer.subarray(0, fs.readSync(0, buffer)),
  write: (text: string): void => {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(1, bytes, done);
  },
};
