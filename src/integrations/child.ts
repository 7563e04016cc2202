/** Starts a program with descriptors of ours and tells how it ended. Knows nothing of devices; no shell is involved. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { constants } from 'node:os';
import { errnoOf } from '../errors.ts';

export type Ending =
  /** An exit status; 128 + N for the signal N, as shells say it. */
  | { readonly kind: 'ended'; readonly status: number }
  | { readonly kind: 'not-started'; readonly errno: string };

export interface Child {
  readonly ending: Promise<Ending>;
  /** Does nothing once it has ended. */
  readonly signal: (name: NodeJS.Signals) => void;
}

export interface ChildRequest {
  readonly command: string;
  readonly words: readonly string[];
  /** Ours; the child has them as 3, 4, ... in this order, and nothing beyond. */
  readonly fds: readonly number[];
  /** Those that it would have from whoever started us, in order (inherited.ts): it has /dev/null there. */
  readonly inherited?: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The child keeps stdin, stdout, stderr, the directory and the process group. Its descriptors are its own: close ours. */
export function startChild({ command, words, fds, inherited = [], env }: ChildRequest): Child {
  let empty: number | undefined;
  try {
    const stdio: ('inherit' | 'ignore' | number)[] = ['inherit', 'inherit', 'inherit', ...fds];
    const firstFree = stdio.length;
    for (const fd of inherited.filter((number) => number >= firstFree)) {
      // Covered, not closed: what we inherited may be a lock that is to last as long as the child.
      empty ??= fs.openSync('/dev/null', fs.constants.O_RDONLY);
      while (stdio.length < fd) stdio.push('ignore');
      stdio.push(empty);
    }
    const child = spawn(command, words, { stdio, env, shell: false });
    const ending = new Promise<Ending>((resolve, reject) => {
      child.on('error', (error) => {
        const errno = errnoOf(error);
        if (errno === undefined) reject(error);
        else if (child.pid === undefined) resolve({ kind: 'not-started', errno });
        // Else a signal that could not be sent: the child goes on, and so do we.
      });
      child.once('exit', (code, signal) =>
        resolve({ kind: 'ended', status: signal === null ? (code ?? 1) : 128 + constants.signals[signal] }),
      );
    });
    return { ending, signal: (name) => child.kill(name) };
  } catch (error) {
    // Node throws what it finds less usual than ENOENT: E2BIG, ENOEXEC, ENOMEM.
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { ending: Promise.resolve({ kind: 'not-started', errno }), signal: () => {} };
  } finally {
    if (empty !== undefined) fs.closeSync(empty);
  }
}
