/** Starts a program that inherits given file descriptors, without a shell, and reports its exit status. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { constants } from 'node:os';
import { errnoOf, ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';

export type ChildExit =
  /** `status` is the exit status, or 128 + N if signal N ended the program, as in a shell. */
  | { readonly kind: 'ended'; readonly status: number }
  | { readonly kind: 'not-started'; readonly errno: string };

export interface Child {
  readonly exit: Promise<ChildExit>;
  /** Sends a signal; does nothing after the child has ended. */
  readonly signal: (name: NodeJS.Signals) => void;
}

export interface ChildRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** Descriptors of this process; the child gets them as 3, 4, ... in this order, and no others. */
  readonly fds: readonly number[];
  /**
   * Descriptors that the child would inherit from our parent, in order (inherited.ts); it gets /dev/null in their
   * place.
   */
  readonly inherited?: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

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
    const child = spawn(command, args, { stdio, env, shell: false });
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

const ignoredErrnos = ['ENOENT', 'EACCES'] as const;

/**
 * Returns the open descriptors above 2 without close-on-exec, in ascending order. Node sets the flag on everything it opens.
 * At startup it also sets the flag on inherited descriptors, but only on the first sixteen numbers and then up to the first
 * unused one (uv_disable_stdio_inheritance). Returns an empty list if /proc is not readable.
 */
export function inheritedFds(files: Files): number[] {
  const names = ignoring(() => files.readdir('/proc/self/fd'), ...ignoredErrnos) ?? [];
  return names
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(files, fd))
    .sort((a, b) => a - b);
}

/**
 * Checks `flags` in /proc/self/fdinfo, octal (proc_pid_fdinfo(5)). The descriptor that listed the directory is already
 * closed.
 */
function isInherited(files: Files, fd: number): boolean {
  let text: string | undefined;
  try {
    text = files.read(`/proc/self/fdinfo/${fd}`, 4096);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(text ?? '')?.[1];
  // O_CLOEXEC is 02000000 on all platforms of Node (asm-generic/fcntl.h).
  return flags !== undefined && (Number.parseInt(flags, 8) & 0o2000000) === 0;
}

/**
 * Parses /proc/PID/stat (proc_pid_stat(5)): field 5 is the process group, field 8 the terminal's foreground process
 * group.
 */
export function isForegroundStat(stat: string): boolean {
  // The second field is a name in parentheses that may contain any character, including parentheses.
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group !== undefined && group === foreground;
}

/** Whether this process is in its terminal's foreground process group. */
export function isForeground(files: Files): boolean {
  return isForegroundStat(ignoring(() => files.read('/proc/self/stat', 4096), 'ENOENT', 'EACCES') ?? '');
}
