/** System calls of the C library through koffi, which only this module imports. */

import * as fs from 'node:fs';
import { constants } from 'node:os';
import { arch } from 'node:process';
import { errnoError, exitStatus, VfioNamesError } from '../../errors.ts';
import { encodeName, mayHaveRawBytes } from '../../text/file-names.ts';
import { CallError, type DeviceCalls } from '../calls.ts';
import { type Datagrams, notifyError } from '../notify.ts';
import { type OpenBeneath, walkBeneath } from '../open-beneath.ts';
import { nodeFiles, O_PATH, openHandle } from './files.ts';
import { asCallError, closeNode, holdNode, openHeld, statusOfNode } from './nodes.ts';

// Missing in Node's table; both numbers are the same on x86-64 and arm64 (asm-generic/errno.h).
const names = new Map<number, string>([
  [77, 'EBADFD'],
  [85, 'ERESTART'],
]);
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name);
// Where two names share one number, use the name in the manual pages.
names.set(constants.errno.EAGAIN, 'EAGAIN');
names.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');

/** Returns `EINVAL` for 22; for a number without a name, `E` and the number. */
export function errnoName(number: number): string {
  return names.get(number) ?? `E${number}`;
}

export type Koffi = Pick<typeof import('koffi'), 'load' | 'errno' | 'address'>;

/** What `_IO` adds to type and number (asm/ioctl.h): nothing in most machines. */
const ioBits = arch === 'ppc64' ? 0x2000_0000 : 0;

/** The npm package with koffi's build for this architecture (of Node, not of the kernel). */
const koffiPackage = `@koromix/koffi-linux-${arch}`;

/**
 * Imports koffi's build for this architecture, a package without dependencies and without an install script. The package
 * `koffi` has an install script, and searches for its build in directories outside of the installation.
 */
export async function importKoffi(): Promise<Koffi> {
  return (await import(koffiPackage)).default;
}

/** Loads the system calls of probe. Throws `no-koffi` if koffi is not installed or has no build for this machine. */
export async function loadCalls(importer: () => Promise<Koffi> = importKoffi): Promise<DeviceCalls> {
  const koffi = await requireKoffi(importer, 'probe');
  // null is the process itself, which has libc (glibc or musl) loaded. musl declares request as int: the same register.
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, ...)');
  return {
    hold: holdNode,
    open: openHeld,
    close: closeNode,
    status: statusOfNode,
    read: (step, path) => asCallError(step, () => nodeFiles.read(path, 4096)),
    ioctl: (fd, { name, number }, argument = 0) => {
      const result: number =
        typeof argument === 'number'
          ? ioctl(fd, ioBits | number, 'unsigned long', argument)
          : ioctl(fd, ioBits | number, 'void *', argument);
      if (result < 0) throw new CallError(name, errnoName(koffi.errno()));
      return result;
    },
    address: (bytes) => BigInt(koffi.address(bytes)),
  };
}

/** Imports koffi for a `feature`. Throws VfioNamesError `no-koffi` (status 5). */
export async function requireKoffi(importer: () => Promise<Koffi>, feature: string): Promise<Koffi> {
  try {
    return await importer();
  } catch (cause) {
    throw new VfioNamesError(
      'no-koffi',
      exitStatus.unsupported,
      `${feature} needs the npm package ${koffiPackage}, which is not installed beside vfio-names or has no build for this machine`,
      { hint: 'install vfio-names again, with its optional packages, on this machine', cause },
    );
  }
}

/**
 * Opens a new socket for datagrams, which Node does not support. Throws VfioNamesError `no-notify` (status 5) without koffi,
 * or CallError `socket`.
 */
export async function openDatagrams(importer: () => Promise<Koffi> = importKoffi): Promise<Datagrams> {
  const koffi = await importer().catch((cause: unknown) => {
    throw notifyError(
      `NOTIFY_SOCKET is set, but the npm package ${koffiPackage} is not installed beside vfio-names or has no build for this machine`,
      { hint: 'install vfio-names again, with its optional packages, or use Type=exec', cause },
    );
  });
  const libc = koffi.load(null);
  // AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC and MSG_NOSIGNAL | MSG_DONTWAIT have the same numbers on every machine that Node supports.
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  // koffi 3 has no ssize_t; long has the same width on Linux.
  const sendto = libc.func(
    'long sendto(int fd, void *bytes, size_t length, int flags, void *address, uint32_t size)',
  );
  const fd: number = socket(1, 2 | 0o2000000, 0);
  if (fd < 0) throw new CallError('socket', errnoName(koffi.errno()));
  return {
    send: (address, bytes) => {
      if (Number(sendto(fd, bytes, bytes.length, 0x4040, address, address.length)) < 0)
        throw new CallError('sendto', errnoName(koffi.errno()));
    },
    close: () => fs.closeSync(fd),
  };
}

/** A pipe that is not full takes this many bytes at once (PIPE_BUF). */
const PIPE_BYTES = 4096;

/**
 * Loads a write that does not wait: send(2) with MSG_DONTWAIT and MSG_NOSIGNAL for a socket; for anything else, a write of at
 * most one page after poll(2) said that it is possible. Throws if koffi is missing.
 */
export async function loadTryWrite(
  fd: number,
  isSocket: boolean,
  importer: () => Promise<Koffi> = importKoffi,
): Promise<(bytes: Uint8Array) => number> {
  const koffi = await importer();
  const libc = koffi.load(null);
  const check = (name: string, result: number | bigint): number => {
    if (result < 0) throw new CallError(name, errnoName(koffi.errno()));
    return Number(result);
  };
  if (isSocket) {
    const send = libc.func('long send(int fd, void *bytes, size_t length, int flags)');
    return (bytes) => check('send', send(fd, bytes, bytes.length, 0x4040));
  }
  const poll = libc.func('int poll(void *fds, unsigned long count, int timeout)');
  return (bytes) => {
    // struct pollfd: fd, events = POLLOUT, revents.
    const request = new Int32Array([fd, 0]);
    new Int16Array(request.buffer)[2] = 4;
    if (check('poll', poll(request, 1, 0)) === 0) throw new CallError('poll', 'EAGAIN');
    return fs.writeSync(fd, bytes, 0, Math.min(bytes.length, PIPE_BYTES));
  };
}

/** O_CLOEXEC is 02000000 on all platforms of Node (asm-generic/fcntl.h). */
const O_CLOEXEC = 0o2000000;
/** The number of openat2(2), the same on every machine that Node supports (scripts/syscall.tbl of Linux). */
const OPENAT2 = 437;
/** Of linux/openat2.h: every path is resolved as if the directory were the root. Links of /proc to open files fail (EXDEV). */
const RESOLVE_IN_ROOT = 0x10n;
/** How often to repeat a call that fails with EAGAIN, since something was renamed while `..` was resolved. */
const MAX_TRIES = 32;

/**
 * Loads openat2(2), which the C library has no function for. Returns `undefined` without koffi, or where the kernel (before
 * Linux 5.6) or a sandbox does not support the call.
 */
export async function loadOpenBeneath(
  importer: () => Promise<Koffi> = importKoffi,
): Promise<OpenBeneath | undefined> {
  const koffi = await importer().catch(() => undefined);
  const call = koffi
    ?.load(null)
    .func('long syscall(long number, int fd, const char *path, void *how, size_t size)');
  if (!koffi || !call) return undefined;
  // struct open_how: flags, mode, resolve.
  const howOf = (flags: number) =>
    new BigUint64Array([BigInt(O_PATH | O_CLOEXEC | flags), 0n, RESOLVE_IN_ROOT]);
  const [following, itself] = [howOf(0), howOf(fs.constants.O_NOFOLLOW)];
  // koffi passes text as UTF-8.
  const walk = walkBeneath(nodeFiles);
  const openat2: OpenBeneath = (top, path, follow) => {
    if (path.includes('\0')) throw errnoError('EINVAL', path);
    if (mayHaveRawBytes(path)) return walk(top, path, follow);
    const fd = Number(/\d+$/.exec(top.path)?.[0]);
    const how = follow ? following : itself;
    for (let tries = 1; ; tries++) {
      const opened = Number(call(OPENAT2, fd, path === '' ? '.' : path, how, how.byteLength));
      if (opened >= 0) return openHandle(opened);
      const errno = errnoName(koffi.errno());
      if (errno !== 'EAGAIN' || tries === MAX_TRIES) throw errnoError(errno, path);
    }
  };
  const top = nodeFiles.openPath('/');
  try {
    openat2(top, '.', true).release();
    return openat2;
  } catch {
    return undefined;
  } finally {
    top.release();
  }
}

/** The number of renameat2(2) by architecture; musl has no function for it before 1.2.6. */
const RENAMEAT2: Readonly<Record<string, number>> = {
  ...{ x64: 316, arm64: 276, riscv64: 276, loong64: 276, s390x: 347, ppc64: 357, ia32: 353, arm: 382 },
};
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

/** Loads renameat2(2) with RENAME_EXCHANGE. Returns `undefined` without koffi, or on an unknown architecture. */
export async function loadExchange(
  importer: () => Promise<Koffi> = importKoffi,
): Promise<((a: string, b: string) => void) | undefined> {
  const number = RENAMEAT2[process.arch];
  const koffi = number === undefined ? undefined : await importer().catch(() => undefined);
  const call = koffi
    ?.load(null)
    .func('long syscall(long number, int olddir, void *oldpath, int newdir, void *newpath, uint32_t flags)');
  if (!koffi || !call) return undefined;
  return (a, b) => {
    const [first, second] = [encodeName(`${a}\0`), encodeName(`${b}\0`)];
    if (Number(call(number, AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)) !== 0)
      throw errnoError(errnoName(koffi.errno()), a);
  };
}
