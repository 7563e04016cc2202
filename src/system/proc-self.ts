/** Reads the descriptors and the process group of this process from /proc/self. */
import { ignoring, tryOrUndefined } from '../errors.ts';
import type { Files } from './files.ts';

/** Returns the open descriptors above 2 without close-on-exec, in ascending order; none if /proc is not readable. */
export function inheritedFds(files: Files): number[] {
  const names = ignoring(() => files.readdir('/proc/self/fd'), 'ENOENT', 'EACCES') ?? [];
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
  const text = tryOrUndefined(() => files.read(`/proc/self/fdinfo/${fd}`, 4096)) ?? '';
  const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1];
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
