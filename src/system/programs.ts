/** Other programs: udevadm, and the second process of probe. */

/** In milliseconds: a program that takes longer is killed, and counts as failed. */
export const RUN_LIMIT = 60_000;

/** Runs a program without a shell, waits for its end, and throws if it fails. */
export type RunProgram = (program: string, args: readonly string[]) => void;

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
  /** Returns the second process of probe, which starts with the first request; `stepLimit` is in milliseconds. */
  readonly startWorker: (stepLimit: number) => Worker;
}
