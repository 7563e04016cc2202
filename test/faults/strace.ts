/** Runs the real program under strace(1), which lists its system calls, or lets one of them fail. Knows no command. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/** The calls by which files are looked at and changed, as Node makes them on x86-64 and arm64. */
export const fileCalls = [
  'openat',
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
  'unlink',
  'unlinkat',
  'mkdir',
  'mkdirat',
  'rmdir',
  'ftruncate',
];

/** One call of a run: the `nth` of its name, counted from the start of the process. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  /** The line of strace. */
  readonly line: string;
}

/** What happens to the call: an errno's name, or a kill before it. */
export type Fault = { readonly errno: string } | 'kill';

export interface Run {
  readonly status: number | null;
  readonly signal: string | null;
  readonly err: string;
  /**
   * The line of the call that was tampered with, if it was one below the root. A process does not make the same calls
   * in the same order twice: Node's own may take the number that one of ours had, and such a run tells nothing.
   */
  readonly hit?: string;
}

/** Every call of the main thread on a path or descriptor below `root`; what Node does for itself is left out. */
export function listCalls(words: readonly string[], root: string): Call[] {
  const log = `${root}.calls`;
  const result = spawnSync('strace', ['-qq', '-y', '-s', '300', '-o', log, '-e', known(), ...words], {
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

/** The errnos that such a call gives on a disk that fails or is full, on a path that may not be used or is gone. */
export function faultsOf({ name, line }: Call): Fault[] {
  const changes =
    /^(write|pwrite|fsync|symlink|rename|unlink|mkdir|rmdir|fchmod)/.test(name) || line.includes('O_CREAT');
  const walks = /^(open|readlink|symlink|rename|unlink|mkdir|rmdir|statx|newfstatat)/.test(name);
  // A policy directory that is not there is a machine without a policy.
  const absent = line.includes('/etc/vfio-names') ? [] : ['ENOENT'];
  const errnos = ['EIO', ...(changes ? ['ENOSPC'] : []), ...(walks ? ['EACCES', ...absent] : ['EINTR'])];
  return [...errnos.map((errno) => ({ errno })), 'kill'];
}

/** The first and the last of the calls that differ in numbers only: what holds for one device holds for the next. */
export function onePerKind(calls: readonly Call[]): Call[] {
  const kinds = new Map<string, Call[]>();
  for (const call of calls) {
    const kind = call.line.replace(/\d+/g, 'N');
    const known = kinds.get(kind);
    if (!known) kinds.set(kind, [call]);
    else known[1] = call;
  }
  return [...kinds.values()].flat();
}

/** A run in which one call fails, or in which the process dies at it. */
export function runWithFault(words: readonly string[], root: string, call: Call, fault: Fault): Run {
  const log = `${root}.fault`;
  // A call that is made to return an error is not made; the one at which we die is, so the death comes before the next.
  const how = fault === 'kill' ? 'signal=KILL' : `error=${fault.errno}`;
  const inject = `inject=${call.name}:${how}:when=${call.nth}`;
  const result = spawnSync(
    'strace',
    ['-qq', '-y', '-s', '300', '-o', log, '-e', known(), '-e', inject, ...words],
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

/** Only what this architecture has: strace refuses the names of others without the question mark. */
function known(): string {
  return `trace=${fileCalls.map((name) => `?${name}`).join(',')}`;
}
