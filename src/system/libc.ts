/** The system calls themselves. The only importer of koffi; knows nothing of VFIO. */
import * as fs from 'node:fs';
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { CallError, type Calls } from './calls.ts';
import { errnoName } from './errno.ts';
import { nodeFiles, statusOf } from './node-files.ts';
import { deviceOpenFlags } from './open-flags.ts';

type Koffi = Pick<typeof import('koffi'), 'load' | 'errno' | 'address'>;

/** How koffi is imported; it is an installed package, never part of a bundle. */
export async function importKoffi(): Promise<Koffi> {
  return (await import('koffi')).default;
}

/** Loads the C library's ioctl. Fails with `no-koffi` where koffi is not installed, or has no build for this machine. */
export async function loadLibc(importer: () => Promise<Koffi> = importKoffi): Promise<Calls> {
  const koffi = await needed(importer, 'probe');
  // The process itself: libc is in there, glibc or musl. musl takes an int as request, which is the same register.
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, ...)');
  return {
    open: (step, path) => called(step, () => fs.openSync(path, deviceOpenFlags)),
    close: (fd) => {
      try {
        fs.closeSync(fd);
      } catch {
        // Linux has freed the descriptor in any case.
      }
    },
    status: (step, fd) => called(step, () => statusOf(fs.fstatSync(fd))),
    read: (step, path) => called(step, () => nodeFiles.read(path, 4096)),
    ioctl: (fd, { name, number }, argument = 0) => {
      const result: number =
        typeof argument === 'number'
          ? ioctl(fd, number, 'unsigned long', argument)
          : ioctl(fd, number, 'void *', argument);
      if (result < 0) throw new CallError(name, errnoName(koffi.errno()));
      return result;
    },
    address: (bytes) => BigInt(koffi.address(bytes)),
  };
}

async function needed(importer: () => Promise<Koffi>, what: string): Promise<Koffi> {
  try {
    return await importer();
  } catch (cause) {
    throw new VfioNamesError(
      'no-koffi',
      exitStatus.unsupported,
      `${what} needs the npm package koffi 3, which is not installed beside vfio-names or has no build for this machine; install it: npm install koffi@3`,
      { cause },
    );
  }
}

/** Datagrams to a unix socket, which Node does not have. */
export interface Datagrams {
  /** One datagram to a `sockaddr_un` (unix(7)) of exactly these bytes; waits where the receiver's queue is full. Throws CallError. */
  readonly send: (address: Uint8Array, bytes: Uint8Array) => void;
  readonly close: () => void;
}

/** Opens a socket of its own. Fails with what the importer fails with, or with CallError `socket`. */
export async function openDatagrams(importer: () => Promise<Koffi> = importKoffi): Promise<Datagrams> {
  const koffi = await importer();
  const libc = koffi.load(null);
  // The same numbers on every machine that Node runs on: AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, MSG_NOSIGNAL.
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  // koffi 3 knows no ssize_t; long is as wide wherever Linux runs.
  const sendto = libc.func(
    'long sendto(int fd, void *bytes, size_t length, int flags, void *address, uint32_t size)',
  );
  const fd: number = socket(1, 2 | 0o2000000, 0);
  if (fd < 0) throw new CallError('socket', errnoName(koffi.errno()));
  return {
    send: (address, bytes) => {
      if (Number(sendto(fd, bytes, bytes.length, 0x4000, address, address.length)) < 0)
        throw new CallError('sendto', errnoName(koffi.errno()));
    },
    close: () => fs.closeSync(fd),
  };
}

/** Who the process is, for all its threads. */
export interface Identity {
  readonly setGroups: (groups: readonly number[]) => void;
  readonly setGid: (gid: number) => void;
  readonly setUid: (uid: number) => void;
}

/**
 * setgroups(2), setgid(2) and setuid(2) of the C library. Node's own refuse where its libuv may use io_uring, which keeps
 * the identity of before (CVE-2024-22017), as Debian's does: so call these only where nothing is read afterwards.
 * Fails with `no-koffi` where koffi is not installed; the calls throw CallError.
 */
export async function loadIdentity(importer: () => Promise<Koffi> = importKoffi): Promise<Identity> {
  const koffi = await needed(importer, 'exec --user');
  const libc = koffi.load(null);
  const setgroups = libc.func('int setgroups(size_t size, void *list)');
  const setgid = libc.func('int setgid(uint32_t gid)');
  const setuid = libc.func('int setuid(uint32_t uid)');
  const check = (name: string, result: number): void => {
    if (result !== 0) throw new CallError(name, errnoName(koffi.errno()));
  };
  return {
    setGroups: (groups) => check('setgroups', setgroups(groups.length, Uint32Array.from(groups))),
    setGid: (gid) => check('setgid', setgid(gid)),
    setUid: (uid) => check('setuid', setuid(uid)),
  };
}

function called<T>(step: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CallError(step, errnoOf(error) ?? 'EIO');
  }
}
