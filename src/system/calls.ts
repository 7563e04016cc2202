/** System calls on devices. */
import type { FileKind } from './files.ts';

/** An ioctl: its name, which errors and time limits report, and its number. */
export interface Ioctl {
  readonly name: string;
  /** `_IO(type, number)` of asm-generic/ioctl.h, without the bits that some machines add for a call without direction. */
  readonly number: number;
}

/**
 * Synchronous and possibly blocking; a caller that must not hang runs them in a second process. All except
 * `close` throw CallError.
 */
export interface DeviceCalls {
  /** Opens a path with O_PATH and O_NOFOLLOW, which has no effect on a device; `step` is the name of the call in errors, such as `open iommu`. */
  hold(step: string, path: string): number;
  /** Opens the device that a descriptor of `hold` leads to, with O_RDWR, O_NONBLOCK and O_NOCTTY. */
  open(step: string, held: number): number;
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

/** Opens device nodes in this process, without waiting for ever. A failed call throws CallError. */
export interface NodeCalls extends Pick<DeviceCalls, 'hold' | 'close' | 'status'> {
  /**
   * DeviceCalls.open in a thread of its own. Fails with ETIMEDOUT after `limit` milliseconds; the thread may then still wait in
   * the kernel, and the process should end by ExecCalls.exit.
   */
  open(step: string, held: number, limit: number): Promise<number>;
}

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
 * Wraps `calls` so that each call that can block is announced first. O_PATH, fstat(2) and reads of sysfs never
 * wait for a device.
 */
export function announceCalls(calls: DeviceCalls, announce: (step: string) => void): DeviceCalls {
  return {
    hold: (step, path) => calls.hold(step, path),
    open: (step, held) => {
      announce(step);
      return calls.open(step, held);
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
