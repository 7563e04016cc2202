/** Whether the terminal sends its signals to this process, and so to a child of its process group as well. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';

/** The text of /proc/PID/stat (proc_pid_stat(5)): field 5 is the process group, field 8 the terminal's one in front. */
export function isInFront(stat: string): boolean {
  // The second field is a name in brackets that may hold anything, brackets too.
  const [, , group, , , front] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group !== undefined && group === front;
}

export function isForeground(files: Files): boolean {
  return isInFront(attempt(() => files.read('/proc/self/stat', 4096), 'ENOENT', 'EACCES') ?? '');
}
