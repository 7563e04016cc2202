/**
 * The one error that a user sees, the exit statuses, and the two ways to look at a system call's errno.
 * Knows nothing of commands or output.
 */

/** Exit statuses of every command; scripts depend on them. */
export const exitStatus = {
  fine: 0,
  findings: 1,
  usage: 2,
  noDevice: 3,
  notPermitted: 4,
  unsupported: 5,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export interface ErrorFacts {
  readonly path?: string;
  readonly device?: string;
  readonly cause?: unknown;
}

/** An error to be shown as one line: what was expected, what was found, what to do. `code` is for programs. */
export class VfioNamesError extends Error {
  readonly code: string;
  readonly exitCode: ExitStatus;
  readonly path?: string;
  readonly device?: string;

  /** By name: the parts of the built program have a class each, and throw to each other. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'VfioNamesError';
  }

  constructor(code: string, exitCode: ExitStatus, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'VfioNamesError';
    this.code = code;
    this.exitCode = exitCode;
    if (facts.path !== undefined) this.path = facts.path;
    if (facts.device !== undefined) this.device = facts.device;
  }
}

/** The errno name (`ENOENT`) of a failed system call, `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** Runs `act`; gives `undefined` where it fails with one of `errnos`, and throws everything else. */
export function attempt<T>(act: () => T, ...errnos: readonly string[]): T | undefined {
  try {
    return act();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== undefined && errnos.includes(errno)) return undefined;
    throw error;
  }
}

/** The error for a failed system call on `path`: status 4 where it was not permitted, else 1. `doing` reads "make the link". */
export function ioError(error: unknown, doing: string, path: string): VfioNamesError {
  if (error instanceof VfioNamesError) return error;
  const errno = errnoOf(error) ?? 'error';
  const denied = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS';
  const remedy =
    errno === 'EROFS' ? 'run it where that path can be written' : 'run it as root, or as a user who may';
  return new VfioNamesError(
    errno,
    denied ? exitStatus.notPermitted : exitStatus.findings,
    `could not ${doing}: ${path}: ${errno}${denied ? `; ${remedy}` : ''}`,
    { path, cause: error },
  );
}
