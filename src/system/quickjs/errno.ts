/** Names of Linux errno numbers for QuickJS, which has no table: asm-generic/errno-base.h and parts of errno.h. */

const base =
  'EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE'.split(
    ' ',
  );

const further: Readonly<Record<number, string>> = {
  36: 'ENAMETOOLONG',
  38: 'ENOSYS',
  39: 'ENOTEMPTY',
  40: 'ELOOP',
  61: 'ENODATA',
  75: 'EOVERFLOW',
  95: 'EOPNOTSUPP',
  116: 'ESTALE',
};

/** Returns `ENOENT` for 2; for a number without a name, `E` and the number. */
export function linuxErrno(number: number): string {
  return base[number - 1] ?? further[number] ?? `E${number}`;
}
