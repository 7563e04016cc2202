/** The system calls that a probe makes, as one interface: libc.ts has them, a fake stands in for it in tests. */
import type { Kind } from './files.ts';

/** An ioctl by its name (which errors and time limits show) and its number. */
export interface Ioctl {
  readonly name: string;
  readonly number: number;
}

/** Synchronous: whoever must not hang calls them in a second process (peer.ts). */
export interface Calls {
  /** Opens a device node with `deviceOpenFlags`; `step` names the call in errors: `open iommu`. */
  open(step: string, path: string): number;
  /** Never fails: nothing can be done about a failed close. */
  close(fd: number): void;
  /** What lies behind a descriptor. */
  status(step: string, fd: number): { readonly kind: Kind; readonly devnum?: string };
  /** The text of a small sysfs attribute. */
  read(step: string, path: string): string;
  /** The ioctl's result, not negative. A struct is read and written in place; its first u32 is its size where VFIO says so. */
  ioctl(fd: number, ioctl: Ioctl, argument?: number | Uint8Array): number;
  /** The address of bytes that a struct points to; keep them alive until the call is over. */
  address(bytes: Uint8Array): bigint;
}

/** A failed call: `call` names it, `code` is the errno's name. */
export class CallError extends Error {
  readonly call: string;
  readonly code: string;

  constructor(call: string, code: string) {
    super(`${call}: ${code}`);
    this.name = 'CallError';
    this.call = call;
    this.code = code;
  }
}

/** The same calls, each one that can block announced before it is made; fstat and sysfs never wait for a device. */
export function announced(calls: Calls, announce: (step: string) => void): Calls {
  return {
    open: (step, path) => {
      announce(step);
      return calls.open(step, path);
    },
    close: (fd) => {
      announce('close');
      calls.close(fd);
    },
    status: (step, fd) => calls.status(step, fd),
    read: (step, path) => calls.read(step, path),
    ioctl: (fd, ioctl, argument) => {
      announce(ioctl.name);
      return calls.ioctl(fd, ioctl, argument);
    },
    address: (bytes) => calls.address(bytes),
  };
}
