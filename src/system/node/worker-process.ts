/**
 * Starts a second process and sends requests to it, with a time limit on each step that it announces. A step that takes
 * longer gets that process killed; this one never blocks. serveRequests() is the code of the second process.
 */
import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { execArgv, execPath } from 'node:process';
import { printable } from '../../text/printable.ts';
import type { Reply, Worker } from '../programs.ts';

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

/**
 * Returns a worker that starts its process with the first request, and again after the process was lost. `stepLimit` is
 * in milliseconds.
 */
export function startWorker(command: WorkerCommand, stepLimit: number): Worker {
  let connection: Connection | undefined;
  return {
    request: async (request) => {
      connection ??= connect(command);
      const reply = await connection.ask(request, stepLimit);
      if (reply.kind !== 'answer') connection = undefined;
      return reply;
    },
    close: () => {
      connection?.end();
      connection = undefined;
    },
  };
}

/** The longest line, in characters; an answer with the details of a device has some thousands. */
const MAX_LINE = 1 << 22;

interface Connection {
  ask(request: unknown, stepLimit: number): Promise<Reply>;
  end(): void;
}

function connect(command: WorkerCommand): Connection {
  const child = process
    .getBuiltinModule('node:child_process')
    .spawn(command.file, [...command.args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let ready = false;
  let text = '';
  let stderr = '';
  let onLine: (line: string) => void = () => {};
  let onLost: (message: string) => void = () => {};
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'ready') ready = true;
      onLine(line);
    }
    // A line without an end would fill the memory.
    if (text.length > MAX_LINE) onLine(text.slice(0, MAX_LINE));
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-2000);
  });
  child.stdin.on('error', () => {});
  child.on('error', (error) => onLost(error.message));
  child.on('close', (status, signal) => {
    onLost([`it ended with ${signal ?? `status ${status}`}`, lastLine(stderr)].filter(Boolean).join(': '));
  });
  let busy = false;
  return {
    // An idle process ends when its pipe is closed.
    end: () => detach(child, busy),
    ask: (request, stepLimit) =>
      new Promise((resolve) => {
        let step = 'start of the second process';
        busy = true;
        const end = (reply: Reply) => {
          busy = false;
          clearTimeout(timer);
          onLine = () => {};
          onLost = () => {};
          if (reply.kind !== 'answer') detach(child, true);
          resolve(reply);
        };
        const onTimeout = () => end({ kind: 'timeout', step });
        let timer = setTimeout(onTimeout, ready ? stepLimit : Math.max(START_LIMIT, stepLimit));
        onLost = (message) => end({ kind: 'failed', message });
        onLine = (received) => {
          const line = parseLine(received);
          if (line.kind === 'answer' || line.kind === 'failed') return end(line);
          if (line.kind === 'step') step = line.step;
          clearTimeout(timer);
          timer = setTimeout(onTimeout, stepLimit);
        };
        if (child.exitCode !== null || child.signalCode !== null) return onLost('it had ended');
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
  };
}

type Line =
  | Extract<Reply, { kind: 'answer' | 'failed' }>
  | { readonly kind: 'ready' }
  | { readonly kind: 'step'; readonly step: string };

/** A line of serveRequests(). A line that is not of the protocol is a failure: what follows it cannot be trusted. */
function parseLine(line: string): Line {
  const [, keyword, rest = ''] = /^(answer|failed|step) (.+)$/s.exec(line) ?? [];
  if (line === 'ready') return { kind: 'ready' };
  if (keyword === 'step') return { kind: 'step', step: rest };
  try {
    if (keyword === 'answer') return { kind: 'answer', value: JSON.parse(rest) };
    if (keyword === 'failed') return { kind: 'failed', message: String(JSON.parse(rest)) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { kind: 'failed', message: `it wrote a line of another kind: ${printable(line.slice(0, 200))}` };
}

/**
 * Closes the pipes and unreferences the child: a process that hangs in the kernel survives SIGKILL and must not keep
 * this one running.
 */
function detach(child: ChildProcess, kill: boolean): void {
  if (kill) child.kill('SIGKILL');
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

interface Pipe {
  /** Returns the next bytes, empty at end of file; the next call may overwrite them. */
  readonly read: () => Uint8Array;
  readonly write: (text: string) => void;
}

/** Handles one request; `announce` reports a step that may block to the first process. */
export type Handler = (request: unknown, announce: (step: string) => void) => unknown;

const buffer = Buffer.alloc(1 << 16);

/** stdin and stdout, which are pipes of the first process. */
const standardPipe: Pipe = {
  read: () => buffer.subarray(0, fs.readSync(0, buffer)),
  write: (text) => {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(1, bytes, done);
  },
};

/**
 * Handles requests until the pipe is closed. Writes the lines `ready`, `step NAME`, `answer JSON` and `failed MESSAGE`.
 */
export function serveRequests(handler: Handler, pipe: Pipe = standardPipe): void {
  pipe.write('ready\n');
  let text = '';
  const decoder = new TextDecoder();
  for (let bytes = pipe.read(); bytes.length > 0; bytes = pipe.read()) {
    const lines = (text + decoder.decode(bytes, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) pipe.write(`${answerLine(handler, line, pipe)}\n`);
  }
}

function answerLine(handler: Handler, line: string, pipe: Pipe): string {
  try {
    return `answer ${JSON.stringify(handler(JSON.parse(line), (step) => pipe.write(`step ${step}\n`)))}`;
  } catch (error) {
    return `failed ${JSON.stringify(error instanceof Error ? error.message : String(error))}`;
  }
}
