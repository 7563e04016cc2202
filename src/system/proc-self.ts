/** Reads from /proc what this thread and its descriptors are: how `exec` checks what it has set. */
import { ignoring, tryOrUndefined } from '../errors.ts';
import { decodeName } from '../text/file-names.ts';
import { decodeUtf8 } from '../text/utf8.ts';
import type { Files } from './files.ts';

/** /proc/thread-self/status (proc_pid_status(5)). */
export interface ThreadStatus {
  /** Real, effective, saved and file system ids. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** The inheritable, permitted, effective and ambient sets. */
  readonly capabilities: readonly bigint[];
  /** The signals that are blocked or ignored, one bit each; bit 0 is signal 1. */
  readonly signals: bigint;
  /** Whether a filter of system calls is active (seccomp(2)). */
  readonly filtered: boolean;
}

/** Throws the errno if /proc is not readable, and EINVAL if a line is missing. */
export function readThreadStatus(files: Files): ThreadStatus {
  return parseThreadStatus(files.read('/proc/thread-self/status', 1 << 16));
}

export function parseThreadStatus(text: string): ThreadStatus {
  const line = (key: string): string => {
    const value = new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(text)?.[1];
    if (value === undefined)
      throw Object.assign(new Error(`no ${key} in /proc/thread-self/status`), { code: 'EINVAL' });
    return value.trim();
  };
  const numbers = (key: string): number[] =>
    line(key)
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(Number);
  const mask = (key: string): bigint => BigInt(`0x${line(key)}`);
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map(mask),
    signals: mask('SigBlk') | mask('SigIgn'),
    // Missing in kernels without CONFIG_SECCOMP.
    filtered: /^Seccomp:\s*2$/m.test(text),
  };
}

/** An open descriptor, from /proc/self/fdinfo (proc_pid_fdinfo(5)). */
export interface DescriptorFlags {
  readonly fd: number;
  readonly closeOnExec: boolean;
  readonly nonblocking: boolean;
}

/** The open descriptors in ascending order. Throws the errno if /proc is not readable. */
export function readDescriptors(files: Files): DescriptorFlags[] {
  return files
    .readdir('/proc/self/fd')
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((fd) => {
      // The descriptor that listed the directory is already closed.
      const text = ignoring(() => files.read(`/proc/self/fdinfo/${fd}`, 4096), 'ENOENT');
      return text === undefined ? [] : [{ fd, ...parseFlags(text) }];
    });
}

function parseFlags(fdinfo: string): Omit<DescriptorFlags, 'fd'> {
  // Octal. O_CLOEXEC is 02000000 and O_NONBLOCK is 04000 on all platforms of Node (asm-generic/fcntl.h).
  const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(fdinfo)?.[1] ?? '0', 8);
  return { closeOnExec: (flags & 0o2000000) !== 0, nonblocking: (flags & 0o4000) !== 0 };
}

/** The soft and hard limit of open files of a process (proc_pid_limits(5)); `undefined` if they cannot be read. */
export function readOpenFilesLimit(
  files: Files,
  pid: number | 'self',
): readonly [number, number] | undefined {
  const text = tryOrUndefined(() => files.read(`/proc/${pid}/limits`, 1 << 14)) ?? '';
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text) ?? [];
  return soft === undefined ? undefined : [Number(soft), Number(hard)];
}

/** The kernel allows three quarters of 8 MiB for arguments and environment together (_STK_LIM in fs/exec.c). */
const MAX_ENVIRONMENT = 6 << 20;

/**
 * The variables that this process was started with (proc_pid_environ(5)): from `NAME=value` in which each byte that is not UTF-8
 * is U+FFFD, to the text that has it as an unpaired surrogate (text/file-names.ts).
 */
export function readEnvironment(files: Files): ReadonlyMap<string, string> {
  const bytes = files.readBytes('/proc/self/environ', MAX_ENVIRONMENT);
  const variables = new Map<string, string>();
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0, start);
    const end = found < 0 ? bytes.length : found;
    const variable = bytes.subarray(start, end);
    const text = decodeUtf8(variable);
    // The first of two counts, as in getenv(3).
    if (!variables.has(text)) variables.set(text, decodeName(variable));
    start = end + 1;
  }
  return variables;
}

/** The soft limit of the kernel (INR_OPEN_CUR), and the one that systemd gives to services. */
const DEFAULT_OPEN_FILES = 1024;

/**
 * The soft limit of open files before Node raised it to the hard one (node.cc, PlatformInit), which the kernel does not
 * remember: the parent's, if it has the same hard limit, and else the usual one.
 */
export function startingOpenFilesLimit(files: Files, parent: number): number | undefined {
  const own = readOpenFilesLimit(files, 'self');
  if (!own || own[0] !== own[1]) return undefined;
  const other = readOpenFilesLimit(files, parent);
  return Math.min(own[1], other && other[1] === own[1] ? other[0] : DEFAULT_OPEN_FILES);
}

/** Whether this process has a controlling terminal: field 7 of /proc/self/stat (proc_pid_stat(5)). */
export function hasTerminal(files: Files): boolean {
  const stat = files.read('/proc/self/stat', 4096);
  // The second field is a name in parentheses that may contain any character, including parentheses.
  const [, , , , terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return terminal !== '0';
}
