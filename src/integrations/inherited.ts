/** Lists the file descriptors that this process inherited and that the programs it starts would inherit, too. */
import { errnoOf, ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';

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
