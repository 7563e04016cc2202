/** Runs a program under strace(1) to list its system calls or to make one of them fail. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/** The system calls with which both programs read and change files on x86-64 and arm64. */
export const FILE_CALLS = [
  'openat',
  'openat2',
  'read',
  'pread64',
  'write',
  'pwrite64',
  'fsync',
  'fchmod',
  'close',
  'fstat',
  'statx',
  'newfstatat',
  'readlink',
  'readlinkat',
  'getdents64',
  'symlink',
  'symlinkat',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'unlink',
  'unlinkat',
  'mkdir',
  'mkdirat',
  'rmdir',
  'ftruncate',
];

/** One call of a run: the `nth` call of this name since the start of the process. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  /** The line that strace printed for it. */
  readonly line: string;
}

/** The fault to inject: an errno, or SIGKILL at the call. */
export type Fault = { readonly errno: string } | 'kill';

export interface Run {
  readonly status: number | null;
  readonly signal: string | null;
  readonly err: string;
  /**
   * The line of the call with the fault, if it was a call below the root. The order of calls differs between runs: a call
   * of Node itself may have the number of the intended one, and the result of such a run is not meaningful.
   */
  readonly hit?: string;
}

/** Returns every call of the main thread on a path or descriptor below `root`, without the calls of Node itself. */
export function listCalls(args: readonly string[], root: string): Call[] {
  const log = `${root}.calls`;
  const result = spawnSync('strace', ['-qq', '-y', '-s', '300', '-o', log, '-e', traceFilter(), ...args], {
    encoding: 'utf8',
  });
  if (result.status === null || result.error)
    throw new Error(`strace: ${result.error?.message ?? result.signal}`);
  const counts = new Map<string, number>();
  const calls: Call[] = [];
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const name = /^(\w+)\(/.exec(line)?.[1];
    if (name === undefined) continue;
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    if (isBelow(line, root)) calls.push({ name, nth, line });
  }
  rmSync(log);
  return calls;
}

function isBelow(line: string, root: string): boolean {
  return line.includes(root) || line.includes('"/proc/self/fd/');
}

/** Returns the faults to inject: the errnos for a failing or full disk, for a denied or a missing path, and a kill. */
export function faultsFor({ name, line }: Call): Fault[] {
  const changes =
    /^(write|pwrite|fsync|symlink|link|rename|unlink|mkdir|rmdir|fchmod)/.test(name) ||
    line.includes('O_CREAT');
  const usesPath = /^(open|readlink|symlink|link|rename|unlink|mkdir|rmdir|statx|newfstatat)/.test(name);
  // A missing policy directory is not an error: there is no policy then.
  const absent = line.includes('/etc/vfio-names') ? [] : ['ENOENT'];
  const errnos = ['EIO', ...(changes ? ['ENOSPC'] : []), ...(usesPath ? ['EACCES', ...absent] : ['EINTR'])];
  return [...errnos.map((errno) => ({ errno })), 'kill'];
}

/** Returns the first and the last of the calls that differ only in numbers, since all devices are handled alike. */
export function onePerKind(calls: readonly Call[]): Call[] {
  const kinds = new Map<string, Call[]>();
  for (const call of calls) {
    const kind = call.line.replace(/\d+/g, 'N');
    const group = kinds.get(kind);
    if (!group) kinds.set(kind, [call]);
    else group[1] = call;
  }
  return [...kinds.values()].flat();
}

/** Runs a command in which one call fails or in which the process is killed at it. */
export function runWithFault(args: readonly string[], root: string, call: Call, fault: Fault): Run {
  const log = `${root}.fault`;
  // With an injected error strace does not execute the call; with a signal it does, and the process ends before the next.
  const action = fault === 'kill' ? 'signal=KILL' : `error=${fault.errno}`;
  const inject = `inject=${call.name}:${action}:when=${call.nth}`;
  const result = spawnSync(
    'strace',
    ['-qq', '-y', '-s', '300', '-o', log, '-e', traceFilter(), '-e', inject, ...args],
    {
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    },
  );
  const lines = readFileSync(log, 'utf8').split('\n');
  rmSync(log);
  const hit = fault === 'kill' ? killedAt(lines, call) : lines.find((line) => line.includes('(INJECTED)'));
  return {
    status: result.status,
    signal: result.signal,
    err: result.stderr,
    ...(hit !== undefined && isBelow(hit, root) && { hit }),
  };
}

function killedAt(lines: readonly string[], call: Call): string | undefined {
  return lines.filter((line) => line.startsWith(`${call.name}(`))[call.nth - 1];
}

/** The question mark makes strace ignore calls that this architecture does not have. */
function traceFilter(): string {
  return `trace=${FILE_CALLS.map((name) => `?${name}`).join(',')}`;
}
