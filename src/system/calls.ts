/** System calls on devices. */
import type { FileKind } from './files.ts';

/** An ioctl: its name, which errors and time limits report, and its number. */
export interface Ioctl {
  readonly name: string;
  readonly number: number;
}

/**
 * Synchronous and possibly blocking; a caller that must not hang runs them in a second process. All except
 * `close` throw CallError.
 */
export interface DeviceCalls {
  /** Opens a device node with O_RDWR, O_NOFOLLOW, O_NONBLOCK and O_NOCTTY; `step` is the name of the call in errors, such as `open iommu`. */
  open(step: string, path: string): number;
  /** Never throws, since nothing can be done about a failed close(2). */
  close(fd: number): void;
  /** fstat(2) of a descriptor: its kind and, for a device node, its device number. */
  status(step: string, fd: number): { readonly kind: FileKind; readonly devnum?: string };
  /** The text of a small sysfs attribute. */
  read(step: string, path: string): string;
  /**
   * Returns the result of the ioctl, which is not negative. A struct is read and written in place; most VFIO structs
   * start with their size (argsz) as a u32.
   */
  ioctl(fd: number, ioctl: Ioctl, argument?: number | Uint8Array): number;
  /** The address of bytes that a struct points to; the caller keeps them alive until the call returns. */
  address(bytes: Uint8Array): bigint;
}

/** Opens device nodes and checks them. A failed call throws an error whose `code` is the name of the errno. */
export type NodeCalls = Pick<DeviceCalls, 'open' | 'close' | 'status'>;

/** A failed system call: `call` is its name, `code` the name of the errno (`EBUSY`). */
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

/**
 * Wraps `calls` so that each call that can block is announced first. fstat(2) and reads of sysfs never wait for a
 * device.
 */
export function announceCalls(calls: DeviceCalls, announce: (step: string) => void): DeviceCalls {
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
