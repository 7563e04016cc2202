/** Opens descriptors for the duration of a function call, and always closes them, in reverse order. */
import type { DeviceCalls } from '../system/calls.ts';

export interface Descriptors {
  /** Opens `path`; `step` names the call in errors. Throws CallError. */
  open(step: string, path: string): number;
  /** Takes ownership of a descriptor that an ioctl returned. */
  own(fd: number): number;
}

/** Calls `fn` with a Hold; closes all its descriptors when `fn` returns or throws. */
export function withDescriptors<T>(calls: DeviceCalls, fn: (hold: Descriptors) => T): T {
  const open: number[] = [];
  const own = (fd: number) => {
    open.push(fd);
    return fd;
  };
  try {
    return fn({ own, open: (step, path) => own(calls.open(step, path)) });
  } finally {
    for (const fd of open.reverse()) calls.close(fd);
  }
}
