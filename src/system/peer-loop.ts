/**
 * The second process's side of the pipe: one request line in, step lines and one answer line out.
 * Blocking reads and writes, no event loop: it exists so that it may block. Knows nothing of what is asked.
 */
import * as fs from 'node:fs';

export interface Pipe {
  /** The next bytes, empty at the end; the next call may overwrite them. */
  readonly read: () => Uint8Array;
  readonly write: (text: string) => void;
}

/** Answers one request; `announce` tells the other side what is about to block. */
export type Handler = (request: unknown, announce: (step: string) => void) => unknown;

const buffer = Buffer.alloc(1 << 16);

/** stdin and stdout, as a parent's pipes. */
export const standardPipe: Pipe = {
  read: () => buffer.subarray(0, fs.readSync(0, buffer)),
  write: (text) => {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(1, bytes, done);
  },
};

/** Serves until the other side closes the pipe. Lines out: `ready`, `step NAME`, `answer JSON`, `failed MESSAGE`. */
export function servePeer(handler: Handler, pipe: Pipe = standardPipe): void {
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
