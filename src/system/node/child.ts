/** Starts a program that inherits given file descriptors, without a shell, and reports its exit status. */
import * as fs from 'node:fs';
import { constants } from 'node:os';
import { errnoOf } from '../../errors.ts';
import type { Child, ChildExit, ChildRequest } from '../programs.ts';

/**
 * Starts the child with our stdin, stdout, stderr, working directory and process group. It has copies of `fds`, so the
 * caller closes its own.
 */
export function startChild({ command, args, fds, inherited = [], env }: ChildRequest): Child {
  let devNull: number | undefined;
  try {
    const stdio: ('inherit' | 'ignore' | number)[] = ['inherit', 'inherit', 'inherit', ...fds];
    const firstFree = stdio.length;
    for (const fd of inherited.filter((number) => number >= firstFree)) {
      // Replaced in the child but not closed here: an inherited descriptor may be a lock that must last as long as the
      // child.
      devNull ??= fs.openSync('/dev/null', fs.constants.O_RDONLY);
      while (stdio.length < fd) stdio.push('ignore');
      stdio.push(devNull);
    }
    const child = process
      .getBuiltinModule('node:child_process')
      .spawn(command, args, { stdio, env, shell: false });
    const exit = new Promise<ChildExit>((resolve, reject) => {
      child.on('error', (error) => {
        const errno = errnoOf(error);
        if (errno === undefined) reject(error);
        else if (child.pid === undefined) resolve({ kind: 'not-started', errno });
        // Otherwise a signal could not be sent; the child keeps running.
      });
      child.once('exit', (code, signal) =>
        resolve({ kind: 'ended', status: signal === null ? (code ?? 1) : 128 + constants.signals[signal] }),
      );
    });
    return { exit, signal: (name) => child.kill(name) };
  } catch (error) {
    // spawn throws for errors that Node does not report as an event: E2BIG, ENOEXEC, ENOMEM.
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { exit: Promise.resolve({ kind: 'not-started', errno }), signal: () => {} };
  } finally {
    if (devNull !== undefined) fs.closeSync(devNull);
  }
}
