/** Checks whether the terminal sends its signals to this process, and so also to children in its process group. */
import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';

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
