/** This process: environment, signals, credentials and terminal. */
import * as os from 'qjs:os';
import * as syscalls from 'qjs:syscalls';
import { decodeUtf8 } from '../../text/utf8.ts';
import { isLittleEndian } from '../byte-order.ts';
import type { Process, SignalHandlers } from '../process.ts';
import { checked, fail } from './errno.ts';
import { execCalls } from './exec-calls.ts';
import { writeAll } from './files.ts';
import { guarded } from './guard.ts';
import { environment, token } from './self.ts';

const numbers = { SIGTERM: syscalls.SIGTERM, SIGINT: syscalls.SIGINT, SIGHUP: syscalls.SIGHUP } as const;

/** The size of signalfd_siginfo (signalfd(2)); its first field is the number as a u32. */
const SIGINFO = 128;

/**
 * Blocks the signals and reads them from a descriptor, so that none arrives in the middle of a pass; the kernel keeps a blocked
 * signal even of PID 1.
 */
function handleSignals(handlers: SignalHandlers): () => void {
  const blocked = Object.values(numbers);
  syscalls.sigprocmask(syscalls.SIG_BLOCK, blocked);
  const fd = syscalls.signalfd(blocked);
  const info = new Uint8Array(SIGINFO);
  os.setReadHandler(
    fd,
    guarded(() => {
      while (syscalls.read(fd, info) === SIGINFO) {
        const number = new DataView(info.buffer).getUint32(0, isLittleEndian);
        for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
          if (numbers[name] === number) handlers[name]();
      }
    }),
  );
  return () => {
    os.setReadHandler(fd, null);
    syscalls.close(fd);
    syscalls.sigprocmask(syscalls.SIG_UNBLOCK, blocked);
  };
}

/** Queries on the controlling terminal, even if stdin and stdout are redirected. */
function ask(question: string): string {
  const fd = syscalls.open(syscalls.AT_FDCWD, '/dev/tty', syscalls.O_RDWR | syscalls.O_NOCTTY, 0, 0);
  if (fd < 0) return '';
  try {
    writeAll(fd, question, (result) => fail(result, 'write'));
    const line = new Uint8Array(256);
    const length = checked(syscalls.read(fd, line), 'read');
    return decodeUtf8(line.subarray(0, length)).replace(/\n[\s\S]*$/, '');
  } finally {
    syscalls.close(fd);
  }
}

export const quickjsProcess: Process = {
  env: environment(),
  token,
  handleSignals,
  loadExecCalls: async () => execCalls,
  startingOpenFilesLimit: () => undefined,
  ask,
};
