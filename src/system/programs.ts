/** Other programs: udevadm, CMD of exec, and the second process of probe. */
import type { Environment, Signal } from './process.ts';

/** Runs a program without a shell, waits for its end, and throws if it fails. */
export type RunProgram = (program: string, args: readonly string[]) => void;

export type ChildExit =
  /** `status` is the exit status, or 128 + N if signal N ended the program, as in a shell. */
  | { readonly kind: 'ended'; readonly status: number }
  | { readonly kind: 'not-started'; readonly errno: string };

export interface Child {
  readonly exit: Promise<ChildExit>;
  /** Sends a signal; does nothing after the child has ended. */
  readonly signal: (name: Signal) => void;
}

export interface ChildRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** Descriptors of this process; the child gets them as 3, 4, ... in this order, and no others. */
  readonly fds: readonly number[];
  /** Descriptors that the child would inherit from our parent, in order; it gets /dev/null in their place. */
  readonly inherited?: readonly number[];
  readonly env: Environment;
}

/** The result of a request to the second process. */
export type Reply =
  | { readonly kind: 'answer'; readonly value: unknown }
  /** The step exceeded the time limit; the process was killed. */
  | { readonly kind: 'timeout'; readonly step: string }
  /** The process ended or violated the protocol; `message` is one line. */
  | { readonly kind: 'failed'; readonly message: string };

/** A second process, which makes the calls that may block. */
export interface Worker {
  /** Sends one request; the previous one must have been answered. */
  request(request: unknown): Promise<Reply>;
  /** Ends the process; the next request starts a new one. */
  close(): void;
}

export interface Programs {
  readonly run: RunProgram;
  /**
   * Starts a program with our stdin, stdout, stderr, working directory and process group. It has copies of `fds`, so the
   * caller closes its own.
   */
  readonly start: (request: ChildRequest) => Child;
  /** Returns the second process of probe, which starts with the first request; `stepLimit` is in milliseconds. */
  readonly startWorker: (stepLimit: number) => Worker;
}
