/**
 * Starts a second process and asks it, with a time limit on each step that it announces: a step that takes longer costs
 * that process, never us. Knows nothing of what is asked. The other side is peer-loop.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';

export interface PeerCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** What came of a question. */
export type Reply =
  | { readonly kind: 'answer'; readonly value: unknown }
  /** The step did not end in time; the process was killed. */
  | { readonly kind: 'silent'; readonly step: string }
  /** The process ended, or broke the protocol; `message` is one line. */
  | { readonly kind: 'broken'; readonly message: string };

export interface Peer {
  /** One question at a time. */
  ask(request: unknown): Promise<Reply>;
  /** Ends the process; a new question starts another one. */
  close(): void;
}

/** Starting Node is no step of a device: it may take this long on a slow machine, in milliseconds. */
const startLimit = 60_000;

/** A peer that starts its process with the first question, and anew after one was lost. `stepLimit` is in milliseconds. */
export function startPeer(command: PeerCommand, stepLimit: number): Peer {
  let line: Line | undefined;
  return {
    ask: async (request) => {
      line ??= openLine(command);
      const reply = await line.ask(request, stepLimit);
      if (reply.kind !== 'answer') line = undefined;
      return reply;
    },
    close: () => {
      line?.end();
      line = undefined;
    },
  };
}

interface Line {
  ask(request: unknown, stepLimit: number): Promise<Reply>;
  end(): void;
}

function openLine(command: PeerCommand): Line {
  const child = spawn(command.file, [...command.args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let ready = false;
  let text = '';
  let complaint = '';
  let hear: (line: string) => void = () => {};
  let lost: (message: string) => void = () => {};
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'ready') ready = true;
      hear(line);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint = (complaint + chunk).slice(-2000);
  });
  child.stdin.on('error', () => {});
  child.on('error', (error) => lost(error.message));
  child.on('close', (status, signal) => {
    lost([`it ended with ${signal ?? `status ${status}`}`, lastLine(complaint)].filter(Boolean).join(': '));
  });
  let busy = false;
  return {
    // The end of its pipe ends an idle process.
    end: () => letGo(child, busy),
    ask: (request, stepLimit) =>
      new Promise((resolve) => {
        let step = 'start of the second process';
        busy = true;
        const end = (reply: Reply) => {
          busy = false;
          clearTimeout(timer);
          hear = () => {};
          lost = () => {};
          if (reply.kind !== 'answer') letGo(child, true);
          resolve(reply);
        };
        const late = () => end({ kind: 'silent', step });
        let timer = setTimeout(late, ready ? stepLimit : Math.max(startLimit, stepLimit));
        lost = (message) => end({ kind: 'broken', message });
        hear = (said) => {
          const [word, rest] = [said.split(' ', 1)[0], said.slice(said.indexOf(' ') + 1)];
          if (word === 'answer') return end({ kind: 'answer', value: JSON.parse(rest) });
          if (word === 'failed') return end({ kind: 'broken', message: String(JSON.parse(rest)) });
          if (word === 'step') step = rest;
          clearTimeout(timer);
          timer = setTimeout(late, stepLimit);
        };
        if (child.exitCode !== null || child.signalCode !== null) return lost('it had ended');
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
  };
}

/** A process that hangs in the kernel does not even die when it is killed: nothing of it may keep us alive. */
function letGo(child: ChildProcess, kill: boolean): void {
  if (kill) child.kill('SIGKILL');
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
