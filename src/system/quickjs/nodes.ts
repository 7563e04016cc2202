/** The calls on device nodes: of `probe` in the second process, and of `exec` in this one. */
import * as os from 'qjs:os';
import * as syscalls from 'qjs:syscalls';
import { errnoOf, tryOrUndefined } from '../../errors.ts';
import { CallError, type DeviceCalls, type NodeCalls } from '../calls.ts';
import { systemClock } from './clock.ts';
import { checked, errnoName } from './errno.ts';
import { quickjsFiles, statusOf } from './files.ts';
import { guarded } from './guard.ts';

const { AT_FDCWD } = syscalls;
const openFlags = syscalls.O_RDWR | syscalls.O_NONBLOCK | syscalls.O_NOCTTY;

/** proc_pid_fd(5): a magic link to the opened file itself, wherever its path leads by now. */
const pathOf = (held: number): string => `/proc/self/fd/${held}`;

/** Calls `fn` and turns an error into a CallError. */
function asCallError<T>(step: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw new CallError(step, errnoOf(error) ?? 'EIO');
  }
}

function hold(step: string, path: string): number {
  return asCallError(step, () =>
    checked(syscalls.open(AT_FDCWD, path, syscalls.O_PATH | syscalls.O_NOFOLLOW, 0, 0), 'open'),
  );
}

/** ENOENT is the device's only if /proc is there. */
function heldError(step: string, held: number, errno: string): CallError {
  const isProc = errno !== 'ENOENT' || tryOrUndefined(() => quickjsFiles.lstat(pathOf(held))) !== undefined;
  return new CallError(step, isProc ? errno : 'ENOPROC');
}

export const deviceCalls: DeviceCalls = {
  hold,
  open: (step, held) => {
    const fd = syscalls.open(AT_FDCWD, pathOf(held), openFlags, 0, 0);
    if (fd < 0) throw heldError(step, held, errnoName(-fd));
    return fd;
  },
  close: (fd) => void syscalls.close(fd),
  status: (step, fd) => asCallError(step, () => statusOf(fd)),
  read: (step, path) => asCallError(step, () => quickjsFiles.read(path, 4096)),
  ioctl: (fd, { name, number }, argument = 0) => {
    const result = syscalls.ioctl(fd, syscalls.IO_BITS | number, argument);
    if (result < 0) throw new CallError(name, errnoName(-result));
    return result;
  },
  address: (bytes) => syscalls.address(bytes),
};

/** argv[0] of the process that opens a node for this one. */
export const openerName = 'vfio-names-open';

/**
 * The code of that process: opens the device that its stdin leads to, and sends the descriptor, or the errno, through its
 * stdout, a socket.
 */
export function serveOpen(): void {
  const fd = syscalls.open(AT_FDCWD, pathOf(0), openFlags, 0, 0);
  syscalls.sendFd(1, fd < 0 ? -fd : 0, fd < 0 ? AT_FDCWD : fd);
}

/** A process of its own in place of a thread, which QuickJS does not have: it may wait in the kernel for ever. */
function openInProcess(step: string, held: number, limit: number): Promise<number> {
  const pair = syscalls.socketpair();
  if (typeof pair === 'number') throw new CallError(step, errnoName(-pair));
  const [socket, childSocket] = pair;
  const pid = syscalls.spawn('/proc/self/exe', [openerName], [], held, childSocket, 2);
  syscalls.close(childSocket);
  if (pid < 0) {
    syscalls.close(socket);
    throw heldError(step, held, errnoName(-pid));
  }
  return new Promise((resolve, reject) => {
    const end = (): void => {
      os.setReadHandler(socket, null);
      syscalls.close(socket);
      cancelTimer();
    };
    const cancelTimer = systemClock.setTimer(limit, () => {
      end();
      syscalls.kill(pid, syscalls.SIGKILL);
      reject(new CallError(step, 'ETIMEDOUT'));
    });
    os.setReadHandler(
      socket,
      guarded(() => {
        const errno = new Uint8Array(1);
        const fd = syscalls.receiveFd(socket, errno);
        end();
        syscalls.wait(pid, 0);
        if (fd >= 0) resolve(fd);
        else reject(heldError(step, held, errno[0] ? errnoName(errno[0]) : 'EIO'));
      }),
    );
  });
}

export const nodeCalls: NodeCalls = {
  hold,
  open: async (step, held, limit) => openInProcess(step, held, limit),
  close: (fd) => void syscalls.close(fd),
  status: deviceCalls.status,
};
