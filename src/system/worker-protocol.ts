/**
 * The lines between this process and the second one of probe. A step that takes longer than its limit gets the second process
 * killed; this one never blocks.
 */
import { printable } from '../text/printable.ts';
import { decodeUtf8 } from '../text/utf8.ts';
import type { Reply, Worker } from './programs.ts';

/** Handles one request; `announce` reports a step that may block to the first process. */
export type Handler = (request: unknown, announce: (step: string) => void) => unknown;

interface Pipe {
  /** Returns the next bytes, empty at end of file; the next call may overwrite them. */
  readonly read: () => Uint8Array;
  readonly write: (text: string) => void;
}

/**
 * The code of the second process: handles requests until the pipe is closed. Writes the lines `ready`, `step NAME`,
 * `answer JSON` and `failed MESSAGE`.
 */
export function serveRequests(handler: Handler, pipe: Pipe): void {
  pipe.write('ready\n');
  const split = lineSplitter((line) => pipe.write(`${answerLine(handler, line, pipe)}\n`));
  for (let bytes = pipe.read(); bytes.length > 0; bytes = pipe.read()) split(bytes);
}

function answerLine(handler: Handler, line: string, pipe: Pipe): string {
  try {
    return `answer ${JSON.stringify(handler(JSON.parse(line), (step) => pipe.write(`step ${step}\n`)))}`;
  } catch (error) {
    return `failed ${JSON.stringify(error instanceof Error ? error.message : String(error))}`;
  }
}

const newline = 10;
/** The longest line, in bytes; an answer with the details of a device has some thousands. */
const MAX_LINE = 1 << 22;

/**
 * Returns a function that takes bytes in any portions, and calls `onLine` for each complete line, without its newline. A line
 * without an end would fill the memory, so its start counts as a line.
 */
export function lineSplitter(onLine: (line: string) => void): (bytes: Uint8Array) => void {
  let pending: Uint8Array[] = [];
  let size = 0;
  const add = (bytes: Uint8Array): void => {
    // slice() of a Buffer does not copy.
    pending.push(new Uint8Array(bytes));
    size += bytes.length;
  };
  const end = (): void => {
    const line = new Uint8Array(size);
    let at = 0;
    for (const part of pending) {
      line.set(part, at);
      at += part.length;
    }
    pending = [];
    size = 0;
    onLine(decodeUtf8(line));
  };
  return (bytes) => {
    let rest = bytes;
    for (let at = rest.indexOf(newline); at >= 0; at = rest.indexOf(newline)) {
      add(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
      end();
    }
    add(rest);
    if (size > MAX_LINE) end();
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

/** A running second process. */
export interface WorkerProcess {
  readonly write: (line: string) => void;
  /** Closes the pipes and does not wait: a process that hangs in the kernel survives SIGKILL. */
  readonly end: (kill: boolean) => void;
}

export interface WorkerEvents {
  readonly onLine: (line: string) => void;
  /** The process ended or could not be started; `message` is one line. */
  readonly onLost: (message: string) => void;
}

/** The limits of a step and of the start, in milliseconds, and the timer that they use, which returns its cancel function. */
export interface WorkerLimits {
  readonly step: number;
  readonly start: number;
  readonly setTimer: (milliseconds: number, fn: () => void) => () => void;
}

/** Returns a worker that starts its process with the first request, and again after the process was lost. */
export function createWorker(
  startProcess: (events: WorkerEvents) => WorkerProcess,
  limits: WorkerLimits,
): Worker {
  let connection: Connection | undefined;
  return {
    request: async (request) => {
      connection ??= connect(startProcess, limits);
      const reply = await connection.ask(request);
      if (reply.kind !== 'answer') connection = undefined;
      return reply;
    },
    close: () => {
      connection?.end();
      connection = undefined;
    },
  };
}

interface Connection {
  ask(request: unknown): Promise<Reply>;
  end(): void;
}

function connect(
  startProcess: (events: WorkerEvents) => WorkerProcess,
  { step: stepLimit, start: startLimit, setTimer }: WorkerLimits,
): Connection {
  let isReady = false;
  let isBusy = false;
  let lost: string | undefined;
  let onLine: (line: string) => void = () => {};
  let onLost: (message: string) => void = () => {};
  const child = startProcess({
    onLine: (line) => {
      if (line === 'ready') isReady = true;
      onLine(line);
    },
    onLost: (message) => {
      lost = message;
      onLost(message);
    },
  });
  return {
    // An idle process ends when its pipe is closed.
    end: () => child.end(isBusy),
    ask: (request) =>
      new Promise((resolve) => {
        let step = 'start of the second process';
        isBusy = true;
        const end = (reply: Reply): void => {
          isBusy = false;
          cancelTimer();
          onLine = () => {};
          onLost = () => {};
          if (reply.kind !== 'answer') child.end(true);
          resolve(reply);
        };
        const onTimeout = (): void => end({ kind: 'timeout', step });
        let cancelTimer = setTimer(isReady ? stepLimit : Math.max(startLimit, stepLimit), onTimeout);
        onLost = (message) => end({ kind: 'failed', message });
        onLine = (received) => {
          const line = parseLine(received);
          if (line.kind === 'answer' || line.kind === 'failed') return end(line);
          if (line.kind === 'step') step = line.step;
          cancelTimer();
          cancelTimer = setTimer(stepLimit, onTimeout);
        };
        if (lost !== undefined) return onLost('it had ended');
        child.write(`${JSON.stringify(request)}\n`);
      }),
  };
}

/** `it ended with status 3: last words`, with the last line of its stderr. */
export function endMessage(status: number | string, stderr: string): string {
  const ended = `it ended with ${typeof status === 'number' ? `status ${status}` : status}`;
  return [ended, stderr.trim().split('\n').at(-1) ?? ''].filter(Boolean).join(': ');
}
