/** Opens descriptors for the duration of a function call, and always closes them, in reverse order. */
import type { Calls } from '../system/calls.ts';

export interface Hold {
  /** Opens `path`; `step` names the call in errors. Throws CallError. */
  open(step: string, path: string): number;
  /** Takes ownership of a descriptor that an ioctl returned. */
  keep(fd: number): number;
}

/** Calls `fn` with a Hold; closes all its descriptors when `fn` returns or throws. */
export function holding<T>(calls: Calls, fn: (hold: Hold) => T): T {
  const open: number[] = [];
  const keep = (fd: number) => {
    open.push(fd);
    return fd;
  };
  try {
    return fn({ keep, open: (step, path) => keep(calls.open(step, path)) });
  } finally {
    for (const fd of open.reverse()) calls.close(fd);
  }
}
