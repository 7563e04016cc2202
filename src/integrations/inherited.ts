/** Which descriptors this process was given and would give on to every program that it starts. Changes none of them. */
import { attempt, errnoOf } from '../errors.ts';
import type { Files } from '../system/files.ts';

const gone = ['ENOENT', 'EACCES'] as const;

/**
 * The open descriptors behind stdin, stdout and stderr without close-on-exec, in order. Node sets that flag for all that it opens itself, and
 * at its start for what it was given, but only for the first sixteen numbers and on to the first gap
 * (uv_disable_stdio_inheritance). None where /proc does not tell.
 */
export function inheritedFds(files: Files): number[] {
  const names = attempt(() => files.list('/proc/self/fd'), ...gone) ?? [];
  return names
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(files, fd))
    .sort((a, b) => a - b);
}

/** By `flags` of /proc/self/fdinfo, octal (proc_pid_fdinfo(5)). The descriptor of the listing itself is closed by now. */
function isInherited(files: Files, fd: number): boolean {
  let text: string | undefined;
  try {
    text = files.read(`/proc/self/fdinfo/${fd}`, 4096);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(text ?? '')?.[1];
  // O_CLOEXEC is 02000000 wherever Node runs (asm-generic/fcntl.h).
  return flags !== undefined && (Number.parseInt(flags, 8) & 0o2000000) === 0;
}
