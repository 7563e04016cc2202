/** The system calls of `exec`. */
import * as syscalls from 'qjs:syscalls';
import { CallError } from '../calls.ts';
import type { ExecCalls } from '../process.ts';
import { errnoName } from './errno.ts';
import { quickjsFiles } from './files.ts';

/** The highest signal number of the kernel (_NSIG). */
const LAST_SIGNAL = 64;
/** The highest number that close_range(2) takes. */
const LAST_FD = 0xffff_ffff;

function check(name: string, result: number): number {
  if (result < 0) throw new CallError(name, errnoName(-result));
  return result;
}

export const execCalls: ExecCalls = {
  setGroups: (groups) => void check('setgroups', syscalls.setgroups(Uint32Array.from(groups))),
  setGid: (gid) => void check('setresgid', syscalls.setgid(gid)),
  setUid: (uid) => void check('setresuid', syscalls.setuid(uid)),
  clearCapabilities: () => void check('capset', syscalls.clearCapabilities()),
  joinSessionKeyring: () => void check('keyctl', syscalls.keyctl(syscalls.KEYCTL_JOIN_SESSION_KEYRING, 0, 0)),
  sessionKeyring: () =>
    check('keyctl', syscalls.keyctl(syscalls.KEYCTL_GET_KEYRING_ID, syscalls.KEY_SPEC_SESSION_KEYRING, 0)),
  addFilter: (program) => void check('prctl PR_SET_SECCOMP', syscalls.addFilter(program)),
  setOpenFilesLimit: (soft) => void check('setrlimit', syscalls.setSoftLimit(syscalls.RLIMIT_NOFILE, soft)),
  resetSignals: () => {
    // Fails for SIGKILL, SIGSTOP and the signals that the C library keeps to itself.
    for (let signal = 1; signal <= LAST_SIGNAL; signal++) syscalls.ignoreSignal(signal, false);
    check('sigprocmask', syscalls.sigprocmask(syscalls.SIG_SETMASK, []));
  },
  duplicateFrom: (fd, from) =>
    check('fcntl F_DUPFD_CLOEXEC', syscalls.fcntl(fd, syscalls.F_DUPFD_CLOEXEC, from)),
  duplicateTo: (fd, to) => void check('dup2', syscalls.dup3(fd, to, 0)),
  keepOnExec: (fd) => void check('fcntl F_SETFD', syscalls.fcntl(fd, syscalls.F_SETFD, 0)),
  closeOnExecFrom: (first) => {
    const result = syscalls.closeRange(first, LAST_FD, syscalls.CLOSE_RANGE_CLOEXEC);
    if (result >= 0) return;
    // Linux before 5.11, or a filter of system calls that is older than the call.
    if (!['ENOSYS', 'EPERM', 'EINVAL'].includes(errnoName(-result))) check('close_range', result);
    for (const name of quickjsFiles.readdir('/proc/self/fd'))
      if (Number(name) >= first) syscalls.fcntl(Number(name), syscalls.F_SETFD, syscalls.FD_CLOEXEC);
  },
  makeBlocking: (fd) => void check('fcntl F_SETFL', syscalls.fcntl(fd, syscalls.F_SETFL, syscalls.O_RDWR)),
  execute: (path, args, environment) => {
    check('execve', syscalls.execve(path, args, environment));
    throw new CallError('execve', 'EIO');
  },
  exit: (status) => syscalls.exit(status),
};
