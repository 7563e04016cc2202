/**
 * The error class that is shown to users, the exit statuses, and helpers for the errno of a failed system call.
 */

/** Exit statuses of every command; scripts depend on them. */
export const exitStatus = {
  ok: 0,
  findings: 1,
  usage: 2,
  noDevice: 3,
  notPermitted: 4,
  unsupported: 5,
  /** plan, and --dry-run of sync and bind: something would change, and nothing is in the way. */
  changes: 6,
} as const;

/** One of the values of `exitStatus`. */
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

interface ErrorDetails {
  readonly hint?: string | undefined;
  readonly path?: string;
  readonly device?: string;
  readonly cause?: unknown;
}

/** An error for the user; the command line prints it as one line, `message; hint`. */
export class VfioNamesError extends Error {
  /** The kind of error, such as `no-device`; the errno, such as `EACCES`, for a failed system call. */
  readonly code: string;
  /** The exit status of the command that ends with this error. */
  readonly status: ExitStatus;
  /** What the user can do; `message` says what was expected and what was found. */
  readonly hint?: string;
  /** The path that the error is about. */
  readonly path?: string;
  /** The name of the device that the error is about. */
  readonly device?: string;

  /**
   * Compares by name: the npm package has one bundle for each command (packaging/npm/build.mjs), each with its own copy of
   * this class, and the entry point catches what a command throws.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'VfioNamesError';
  }

  constructor(code: string, status: ExitStatus, message: string, facts: ErrorDetails = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'VfioNamesError';
    this.code = code;
    this.status = status;
    if (facts.hint !== undefined) this.hint = facts.hint;
    if (facts.path !== undefined) this.path = facts.path;
    if (facts.device !== undefined) this.device = facts.device;
  }
}

/** `message; hint`, or the message alone. */
export function withHint({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint?: string | undefined;
}): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

/** The errno name (`ENOENT`) of a failed system call, `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const failure = (error ?? {}) as { code?: unknown; message?: unknown };
  const { code } = failure;
  // Node makes no system call for a path that contains NUL.
  if (code === 'ERR_INVALID_ARG_VALUE' && /without null bytes/.test(String(failure.message))) return 'EINVAL';
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** Returns the result of `fn`, or `undefined` if it fails with one of `errnos`; rethrows every other error. */
export function ignoring<T>(fn: () => T, ...errnos: readonly string[]): T | undefined {
  try {
    return fn();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== undefined && errnos.includes(errno)) return undefined;
    throw error;
  }
}

/**
 * The VfioNamesError for a failed system call on `path`: status 4 for EACCES, EPERM and EROFS, else 1. `doing` completes
 * "could not ...", such as "make the link". Returns a VfioNamesError unchanged.
 */
export function ioError(error: unknown, doing: string, path: string): VfioNamesError {
  if (error instanceof VfioNamesError) return error;
  const errno = errnoOf(error) ?? 'error';
  const denied = isPermissionErrno(errno) || errno === 'EROFS';
  const hint =
    errno === 'EROFS' ? 'run it where that path can be written' : 'run it as root, or as a user who may';
  return new VfioNamesError(
    errno,
    denied ? exitStatus.notPermitted : exitStatus.findings,
    `could not ${doing}: ${path}: ${explainErrno(describeErrno(error) ?? errno)}`,
    { hint: denied ? hint : undefined, path, cause: error },
  );
}

/** Whether the errno says that the process lacks a right. */
export function isPermissionErrno(errno: string | undefined): boolean {
  return errno === 'EACCES' || errno === 'EPERM';
}

/** The error of a file that is longer than `limit` bytes, which is not read in part. */
export function tooLong(path: string, limit: number): Error {
  return Object.assign(errnoError('EFBIG', path), { limit });
}

/** What the errnos mean that a user can do something about. */
const errnoMeanings: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'disk quota exceeded',
  EFTYPE: 'not a regular file',
  EISDIR: 'is a directory',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOENT: 'not found',
  ENOMEM: 'not enough memory',
  ENOSPC: 'disk full',
  ENOTDIR: 'not a directory',
  EPERM: 'not permitted',
  EROFS: 'read-only file system',
};

/** `permission denied (EACCES)`; an errno without a meaning here stays as it is. */
export function explainErrno(errno: string): string {
  return Object.hasOwn(errnoMeanings, errno) ? `${errnoMeanings[errno]} (${errno})` : errno;
}

/** `EACCES`, or `longer than 64 bytes (EFBIG)` for an error of tooLong(); `undefined` if no system call failed. */
export function describeErrno(error: unknown): string | undefined {
  const errno = errnoOf(error);
  const { limit } = (error ?? {}) as { limit?: unknown };
  if (errno === 'EFBIG' && typeof limit === 'number') return `longer than ${limit} bytes (EFBIG)`;
  return errno;
}

/** Returns the result of `fn`, `undefined` if a system call fails; throws any other error. */
export function tryOrUndefined<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** As tryOrUndefined(), and `undefined` for a VfioNamesError, too, such as that of a malformed entry of sysfs. */
export function ifReadable<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof VfioNamesError)) throw error;
    return undefined;
  }
}

/** The error of a system call on `path` that failed, or that was not made, with this errno. */
export function errnoError(errno: string, path: string): Error {
  return Object.assign(new Error(`${errno}: ${path}`), { code: errno, path });
}
