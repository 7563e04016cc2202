/** The system calls of `exec` through koffi. */
import { readdirSync } from 'node:fs';
import { arch } from 'node:process';
import { encodeName } from '../../text/file-names.ts';
import { CallError } from '../calls.ts';
import type { ExecCalls } from '../process.ts';
import { errnoName, importKoffi, type Koffi, requireKoffi } from './libc.ts';

/**
 * The numbers of keyctl(2), for which C libraries have no function, and of prlimit64(2), whose function has numbers of 32 bits in
 * some; by Node's name of the machine.
 */
const numbers: Readonly<Record<string, { readonly keyctl: number; readonly prlimit64: number }>> = {
  x64: { keyctl: 250, prlimit64: 302 },
  ia32: { keyctl: 288, prlimit64: 340 },
  arm: { keyctl: 311, prlimit64: 369 },
  arm64: { keyctl: 219, prlimit64: 261 },
  riscv64: { keyctl: 219, prlimit64: 261 },
  loong64: { keyctl: 219, prlimit64: 261 },
  ppc64: { keyctl: 271, prlimit64: 325 },
  s390x: { keyctl: 280, prlimit64: 334 },
};
const hasShortPointers = arch === 'arm' || arch === 'ia32';
/** No system call has this number (ENOSYS). */
const NONE = 0xffff;
/** The same on every machine: system calls from 424 on have one number (arch/…/syscall.tbl). */
const CLOSE_RANGE = 436;

// Of <fcntl.h>, <linux/prctl.h>, <linux/seccomp.h>, <linux/keyctl.h>, <linux/capability.h>: the same on every machine.
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_RDWR = 2;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const KEYCTL_GET_KEYRING_ID = 0;
const KEYCTL_JOIN_SESSION_KEYRING = 1;
const KEY_SPEC_SESSION_KEYRING = -3;
const CAPABILITY_VERSION_3 = 0x20080522;
const CLOSE_RANGE_CLOEXEC = 4;
const RLIMIT_NOFILE = 7;
const SIG_SETMASK = 2;
/** The highest signal number of the kernel (_NSIG). */
const LAST_SIGNAL = 64;

/**
 * An array of strings as execve(2) expects it: addresses, then a null pointer. koffi's own strings cannot have a byte that is not
 * part of UTF-8 (text/file-names.ts).
 */
export function stringVector(
  koffi: Pick<Koffi, 'address'>,
  texts: readonly string[],
): { readonly bytes: Uint8Array; readonly addresses: BigUint64Array | Uint32Array } {
  const strings = texts.map((text) => encodeName(`${text}\0`));
  const bytes = Buffer.concat(strings);
  const addresses: bigint[] = [];
  let next = BigInt(koffi.address(bytes));
  for (const { length } of strings) {
    addresses.push(next);
    next += BigInt(length);
  }
  addresses.push(0n);
  return {
    bytes,
    addresses: hasShortPointers ? Uint32Array.from(addresses, Number) : BigUint64Array.from(addresses),
  };
}

/** Sets close-on-exec on each open descriptor from `first` on. */
export function closeOnExecByOne(first: number, setCloseOnExec: (fd: number) => void): void {
  // The descriptor that lists the directory is closed by then.
  for (const name of readdirSync('/proc/self/fd')) if (Number(name) >= first) setCloseOnExec(Number(name));
}

/**
 * Loads the calls. Node's own setuid and its like fail if its libuv may use io_uring, as Debian's does, since io_uring keeps the
 * previous credentials (CVE-2024-22017); for the same reason, read files only synchronously afterwards. Throws `no-koffi`
 * (status 5) without koffi.
 */
export async function loadExecCalls(importer: () => Promise<Koffi> = importKoffi): Promise<ExecCalls> {
  const koffi = await requireKoffi(importer, 'exec');
  const libc = koffi.load(null);
  const check = (name: string, result: number | bigint): number => {
    if (result < 0) throw new CallError(name, errnoName(koffi.errno()));
    return Number(result);
  };
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const setFlags = (name: string, fd: number, command: number, value: number): number =>
    check(name, fcntl(fd, command, 'int', value));
  const syscall = libc.func('long syscall(long number, ...)');
  const keyctl = (operation: number, ...args: readonly number[]): number =>
    check(
      'keyctl',
      syscall(
        numbers[arch]?.keyctl ?? NONE,
        'int',
        operation,
        ...args.flatMap((value): (string | number)[] => ['long', value]),
      ),
    );
  const setgroups = libc.func('int setgroups(size_t size, void *list)');
  const setresgid = libc.func('int setresgid(uint32_t real, uint32_t effective, uint32_t saved)');
  const setresuid = libc.func('int setresuid(uint32_t real, uint32_t effective, uint32_t saved)');
  const capset = libc.func('int capset(void *header, void *data)');
  const prctl = libc.func('int prctl(int option, ...)');
  const sigaction = libc.func('int sigaction(int signal, void *action, void *previous)');
  const sigprocmask = libc.func('int sigprocmask(int how, void *set, void *previous)');
  const dup2 = libc.func('int dup2(int fd, int to)');
  const execve = libc.func('int execve(void *path, void *argv, void *envp)');
  const exit = libc.func('void _exit(int status)');
  return {
    setGroups: (groups) => void check('setgroups', setgroups(groups.length, Uint32Array.from(groups))),
    setGid: (gid) => void check('setresgid', setresgid(gid, gid, gid)),
    setUid: (uid) => void check('setresuid', setresuid(uid, uid, uid)),
    // struct __user_cap_header_struct, and two of struct __user_cap_data_struct.
    clearCapabilities: () =>
      void check('capset', capset(Uint32Array.of(CAPABILITY_VERSION_3, 0), new Uint32Array(6))),
    joinSessionKeyring: () => void keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0),
    sessionKeyring: () => keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0),
    addFilter: (program) => {
      // struct sock_fprog: a length of two bytes, and a pointer, aligned.
      const address = BigInt(koffi.address(program));
      const descriptor = hasShortPointers
        ? Uint32Array.of(0, Number(address))
        : BigUint64Array.of(0n, address);
      new Uint16Array(descriptor.buffer)[0] = program.length / 8;
      check(
        'prctl PR_SET_SECCOMP',
        prctl(PR_SET_SECCOMP, 'unsigned long', SECCOMP_MODE_FILTER, 'void *', descriptor),
      );
    },
    setOpenFilesLimit: (soft) => {
      const prlimit = (...limits: readonly (BigUint64Array | null)[]): number =>
        check(
          'prlimit64',
          syscall(
            numbers[arch]?.prlimit64 ?? NONE,
            ...['int', 0, 'int', RLIMIT_NOFILE],
            ...limits.flatMap((limit) => ['void *', limit]),
          ),
        );
      // struct rlimit64: the soft and the hard limit.
      const limits = new BigUint64Array(2);
      prlimit(null, limits);
      limits[0] = BigInt(soft);
      prlimit(limits, null);
    },
    resetSignals: () => {
      // All bytes zero: SIG_DFL, no flags, an empty set; longer than the structs of any C library.
      const zero = new Uint8Array(256);
      // Fails for SIGKILL, SIGSTOP and the signals that the C library keeps to itself.
      for (let signal = 1; signal <= LAST_SIGNAL; signal++) sigaction(signal, zero, null);
      check('sigprocmask', sigprocmask(SIG_SETMASK, zero, null));
    },
    duplicateFrom: (fd, from) => setFlags('fcntl F_DUPFD_CLOEXEC', fd, F_DUPFD_CLOEXEC, from),
    duplicateTo: (fd, to) => void check('dup2', dup2(fd, to)),
    keepOnExec: (fd) => void setFlags('fcntl F_SETFD', fd, F_SETFD, 0),
    closeOnExecFrom: (first) => {
      try {
        check(
          'close_range',
          syscall(CLOSE_RANGE, 'uint', first, 'uint', 0xffff_ffff, 'uint', CLOSE_RANGE_CLOEXEC),
        );
      } catch (error) {
        // Linux before 5.11, or a filter of system calls that is older than the call.
        if (!['ENOSYS', 'EPERM', 'EINVAL'].includes((error as CallError).code)) throw error;
        closeOnExecByOne(first, (fd) => fcntl(fd, F_SETFD, 'int', FD_CLOEXEC));
      }
    },
    makeBlocking: (fd) => void setFlags('fcntl F_SETFL', fd, F_SETFL, O_RDWR),
    execute: (path, args, environment) => {
      // Alive until the call: the addresses point into the bytes.
      const [argv, envp] = [stringVector(koffi, args), stringVector(koffi, environment)];
      execve(encodeName(`${path}\0`), argv.addresses, envp.addresses);
      throw new CallError('execve', errnoName(koffi.errno()));
    },
    exit: (status) => {
      exit(status);
      throw new CallError('_exit', 'EFAULT');
    },
  };
}
