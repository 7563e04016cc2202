/** Opens descriptors for the time of one act, and closes them whatever happens, the last one first. */
import type { Calls } from '../system/calls.ts';

export interface Hold {
  open(step: string, path: string): number;
  /** Takes over a descriptor that an ioctl gave. */
  keep(fd: number): number;
}

export function holding<T>(calls: Calls, act: (hold: Hold) => T): T {
  const open: number[] = [];
  const keep = (fd: number) => {
    open.push(fd);
    return fd;
  };
  try {
    return act({ keep, open: (step, path) => keep(calls.open(step, path)) });
  } finally {
    for (const fd of open.reverse()) calls.close(fd);
  }
}
