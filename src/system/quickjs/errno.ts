/** Errors of system calls with the code, the fields and the message of Node's. */
import * as syscalls from 'qjs:syscalls';

/** The words of libuv (UV_ERRNO_MAP in uv.h), which are part of the messages of Node. */
const words: Readonly<Record<string, string>> = {
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  ESRCH: 'no such process',
  EINTR: 'interrupted system call',
  EIO: 'i/o error',
  ENXIO: 'no such device or address',
  E2BIG: 'argument list too long',
  EBADF: 'bad file descriptor',
  EAGAIN: 'resource temporarily unavailable',
  ENOMEM: 'not enough memory',
  EACCES: 'permission denied',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  EXDEV: 'cross-device link not permitted',
  ENODEV: 'no such device',
  ENOTDIR: 'not a directory',
  EISDIR: 'illegal operation on a directory',
  EINVAL: 'invalid argument',
  ENFILE: 'file table overflow',
  EMFILE: 'too many open files',
  ETXTBSY: 'text file is busy',
  EFBIG: 'file too large',
  ENOSPC: 'no space left on device',
  ESPIPE: 'invalid seek',
  EROFS: 'read-only file system',
  EMLINK: 'too many links',
  EPIPE: 'broken pipe',
  ERANGE: 'result too large',
  ENAMETOOLONG: 'name too long',
  ENOSYS: 'function not implemented',
  ENOTEMPTY: 'directory not empty',
  ELOOP: 'too many symbolic links encountered',
  ENODATA: 'no data available',
  EOVERFLOW: 'value too large for defined data type',
  EILSEQ: 'illegal byte sequence',
  ENOTSUP: 'operation not supported on socket',
};

/** Returns `ENOENT` for 2; for a number without a name, `E` and the number. */
export function errnoName(number: number): string {
  return syscalls.errnoName(number) ?? `E${number}`;
}

interface Place {
  readonly path?: string | undefined;
  readonly dest?: string | undefined;
}

/**
 * The message is made when it is read: a missing attribute of sysfs is the usual case and nobody reads it. The constructor
 * of Error is not called, since it records the stack.
 */
class SystemError extends Error {
  declare readonly code: string;
  declare readonly syscall: string;
  declare readonly path?: string;
  declare readonly dest?: string;

  override get message(): string {
    const { code, syscall, path, dest } = this;
    const place = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
    return `${code}: ${words[code] ?? 'unknown error'}, ${syscall}${place}`;
  }
}

/** Throws the error of a failed call; `result` is the negative errno. */
export function fail(result: number, syscall: string, { path, dest }: Place = {}): never {
  const name = errnoName(-result);
  // EOPNOTSUPP and ENOTSUP are one number; Node uses this name for files.
  const code = name === 'EOPNOTSUPP' ? 'ENOTSUP' : name;
  const error: { -readonly [Key in 'code' | 'syscall' | 'path' | 'dest']?: string } = Object.create(
    SystemError.prototype,
  );
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  throw error;
}

/** Returns the result of a call; throws if it is a negative errno. */
export function checked(result: number, syscall: string, place?: Place): number {
  if (result < 0) fail(result, syscall, place);
  return result;
}
