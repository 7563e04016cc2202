/**
 * The side of the second process (see peer.ts): reads one request per line, writes step lines and one answer line per
 * request. Reads and writes block and there is no event loop, since this process exists to make calls that may block.
 */
import * as fs from 'node:fs';

export interface Pipe {
  /** Returns the next bytes, empty at end of file; the next call may overwrite them. */
  readonly read: () => Uint8Array;
  readonly write: (text: string) => void;
}

/** Handles one request; `announce` reports a step that may block to the first process. */
export type Handler = (request: unknown, announce: (step: string) => void) => unknown;

const buffer = Buffer.alloc(1 << 16);

/** stdin and stdout, which are pipes of the first process. */
export const standardPipe: Pipe = {
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
