/** Replaces this process by CMD (execve(2)), which then has its process id, terminal and parent; no process of ours stays. */
import { errnoOf, exitStatus, explainErrno, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { readDescriptors, readOpenFilesLimit, readThreadStatus } from '../system/proc-self.ts';
import type { ExecCalls } from '../system/process.ts';
import { printable } from '../text/printable.ts';

/** The first descriptor after stdin, stdout and stderr. */
export const FIRST_FD = 3;

export interface Replacement {
  readonly command: string;
  readonly args: readonly string[];
  /** `NAME=value`; see ExecCalls.execute. */
  readonly environment: readonly string[];
  /** Descriptors of this process; CMD has them as 3, 4, ... in this order, and no others but 0, 1 and 2. */
  readonly fds: readonly number[];
}

/**
 * Restores the soft limit of open files, which Node raises at its start; some programs loop over all numbers up to it.
 * Throws VfioNamesError (status 1) if it does not hold.
 */
export function restoreOpenFilesLimit(calls: ExecCalls, files: Files, soft: number | undefined): void {
  if (soft === undefined) return;
  try {
    calls.setOpenFilesLimit(soft);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw unprepared((error as Error).message);
  }
  const found = readOpenFilesLimit(files, 'self')?.[0];
  if (found !== soft) throw unprepared(`${found ?? 'no'} open files as limit in place of ${soft}`);
}

/** Why CMD was not executed: 127 if there is no such program, 126 if it cannot be executed, else 1. */
export interface ExecFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly status: 1 | 126 | 127;
}

/**
 * Executes CMD; returns only if that fails. After a call, the descriptors of this process are no longer its own, so the caller
 * must end it by `calls.exit`.
 */
export function replaceProcess(calls: ExecCalls, files: Files, replacement: Replacement): ExecFailure {
  const { command, args, environment } = replacement;
  try {
    placeDescriptors(calls, replacement.fds);
    calls.resetSignals();
    checkPrepared(files, replacement.fds.length);
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof VfioNamesError)) throw error;
    const code = errnoOf(error) ?? 'unprepared';
    return {
      code,
      message: `could not prepare CMD: ${(error as Error).message}`,
      status: exitStatus.findings,
    };
  }
  const path = environment.find((variable) => variable.startsWith('PATH='))?.slice('PATH='.length);
  const errno = execute(calls, candidates(command, path), [command, ...args], environment);
  return describeFailure(command, errno);
}

/**
 * Makes the descriptors 3, 4, ... without O_NONBLOCK and close-on-exec, and sets close-on-exec on all others. First copies them
 * to higher numbers, since a target may be one of them. A target may also be a descriptor of Node, which no longer needs it.
 */
function placeDescriptors(calls: ExecCalls, fds: readonly number[]): void {
  const end = FIRST_FD + fds.length;
  const copies = fds.map((fd) => calls.duplicateFrom(fd, end));
  for (const [index, copy] of copies.entries()) {
    calls.duplicateTo(copy, FIRST_FD + index);
    calls.makeBlocking(FIRST_FD + index);
  }
  calls.closeOnExecFrom(end);
  // Node sets close-on-exec on them at its start (uv_disable_stdio_inheritance).
  for (let fd = 0; fd < FIRST_FD; fd++) calls.keepOnExec(fd);
}

/** Throws VfioNamesError unless CMD starts with exactly these descriptors, and with every signal at its default. */
function checkPrepared(files: Files, count: number): void {
  const kept = readDescriptors(files).filter(({ closeOnExec }) => !closeOnExec);
  const passed = kept.filter(({ fd }) => fd >= FIRST_FD);
  const expected = Array.from({ length: count }, (_, index) => FIRST_FD + index);
  if (kept.map(({ fd }) => fd).join() !== [0, 1, 2, ...expected].join())
    throw unprepared(`the open descriptors ${kept.map(({ fd }) => fd).join(', ')}`);
  if (passed.some(({ nonblocking }) => nonblocking)) throw unprepared('O_NONBLOCK on a device');
  const { signals } = readThreadStatus(files);
  // 32 to 34 belong to the C library (nptl(7); musl has three), which sets them itself.
  if ((signals & ~(7n << 31n)) !== 0n)
    throw unprepared(`ignored or blocked signals: ${signals.toString(16)}`);
}

function unprepared(found: string): VfioNamesError {
  return new VfioNamesError(
    'unprepared',
    exitStatus.findings,
    `expected to start CMD with a clean state, found ${found}`,
  );
}

/** The paths at which CMD may be: of a name without a slash, one in each directory of PATH, an empty one meaning `.` (environ(7)). */
export function candidates(command: string, path = '/usr/bin:/bin'): string[] {
  if (command.includes('/')) return [command];
  return path.split(':').map((directory) => (directory === '' ? `./${command}` : `${directory}/${command}`));
}

/**
 * Executes the first path that can be, as execvp(3) does; but a file that is neither a program nor begins with #! is not
 * given to a shell. Returns the errno: that of the last path, or EACCES if one was not permitted.
 */
function execute(
  calls: ExecCalls,
  paths: readonly string[],
  args: readonly string[],
  environment: readonly string[],
): string {
  let denied = false;
  let last = 'ENOENT';
  for (const path of paths) {
    try {
      calls.execute(path, args, environment);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      last = errno;
    }
    if (last === 'EACCES') denied = true;
    else if (!['ENOENT', 'ENOTDIR', 'ESTALE', 'ENODEV'].includes(last)) return last;
  }
  return denied ? 'EACCES' : last;
}

function describeFailure(command: string, errno: string): ExecFailure {
  const expected = `expected a program at ${printable(command)}`;
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return {
      code: errno,
      message: `${expected}, found none in PATH or at that path`,
      hint: 'check the word after --, and the first line of a script',
      status: 127,
    };
  const hint = errno === 'ENOEXEC' ? { hint: 'a script must begin with #!' } : {};
  return {
    code: errno,
    message: `${expected}, could not run it: ${explainErrno(errno)}`,
    ...hint,
    status: 126,
  };
}
