/** Other programs: udevadm, and the second process of probe, which is this program again. */
import * as os from 'qjs:os';
import * as syscalls from 'qjs:syscalls';
import { tryOrUndefined } from '../../errors.ts';
import { decodeUtf8 } from '../../text/utf8.ts';
import { RUN_LIMIT, type Worker } from '../programs.ts';
import {
  createWorker,
  endMessage,
  lineSplitter,
  type WorkerEvents,
  type WorkerProcess,
} from '../worker-protocol.ts';
import { systemClock } from './clock.ts';
import { checked, errnoName, fail } from './errno.ts';
import { writeAll } from './files.ts';
import { guarded } from './guard.ts';
import { environmentStrings } from './self.ts';

const searched = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Runs a program of the system and waits for its end; its output is discarded. Throws if it fails or takes too long. */
export function run(program: string, args: readonly string[]): void {
  const none = checked(syscalls.open(syscalls.AT_FDCWD, '/dev/null', syscalls.O_RDWR, 0, 0), 'open', {
    path: '/dev/null',
  });
  const [output, input] = pipe();
  let pid = -1;
  try {
    pid = find(program, (file) =>
      syscalls.spawn(file, [program, ...args], [`PATH=${searched.join(':')}`], none, none, input),
    );
    syscalls.close(input);
    drain(output, systemClock.now() + RUN_LIMIT, program);
    const status = checked(syscalls.wait(pid, 0), 'wait');
    if (status !== 0) throw Object.assign(new Error(`${program}: status ${status}`), { status });
  } finally {
    if (pid < 0) syscalls.close(input);
    syscalls.close(output);
    syscalls.close(none);
  }

  /** Reads until the end: the program has closed its stderr, or `deadline` has passed. */
  function drain(fd: number, deadline: number, name: string): void {
    const bytes = new Uint8Array(4096);
    for (;;) {
      const left = Math.ceil(deadline - systemClock.now());
      if (left <= 0 || syscalls.poll(fd, syscalls.POLLIN, left) === 0) {
        syscalls.kill(pid, syscalls.SIGKILL);
        throw Object.assign(new Error(`${name}: ETIMEDOUT`), { code: 'ETIMEDOUT' });
      }
      if (checked(syscalls.read(fd, bytes), 'read') === 0) return;
    }
  }
}

function find(program: string, start: (file: string) => number): number {
  let result = -1;
  for (const directory of searched) {
    result = start(`${directory}/${program}`);
    if (result >= 0 || errnoName(-result) !== 'ENOENT') break;
  }
  return checked(result, `spawnSync ${program}`, { path: program });
}

function pipe(): [number, number] {
  const pair = syscalls.pipe();
  return typeof pair === 'number' ? [checked(pair, 'pipe'), -1] : pair;
}

/** argv[0] of the second process: by which it recognises that it is one. */
export const workerName = 'vfio-names-probe';

/** `stepLimit` is in milliseconds. */
export function startWorker(stepLimit: number): Worker {
  return createWorker(startProcess, {
    step: stepLimit,
    start: stepLimit,
    setTimer: systemClock.setTimer,
  });
}

function startProcess({ onLine, onLost }: WorkerEvents): WorkerProcess {
  const [childIn, toChild] = pipe();
  const [fromChild, childOut] = pipe();
  const [errors, childErr] = pipe();
  const pid = syscalls.spawn(
    '/proc/self/exe',
    [workerName],
    environmentStrings(),
    childIn,
    childOut,
    childErr,
  );
  for (const fd of [childIn, childOut, childErr]) syscalls.close(fd);
  if (pid < 0) {
    for (const fd of [toChild, fromChild, errors]) syscalls.close(fd);
    systemClock.setTimer(0, () => onLost(`spawn /proc/self/exe ${errnoName(-pid)}`));
    return { write: () => {}, end: () => {} };
  }
  let stderr = '';
  const open = new Set<number>();
  const close = (fd: number): void => {
    if (open.delete(fd)) {
      os.setReadHandler(fd, null);
      syscalls.close(fd);
    }
  };
  const listen = (fd: number, onBytes: (bytes: Uint8Array) => void): void => {
    const bytes = new Uint8Array(1 << 12);
    open.add(fd);
    os.setReadHandler(
      fd,
      guarded(() => {
        const length = syscalls.read(fd, bytes);
        if (length > 0) return onBytes(bytes.subarray(0, length));
        close(fd);
        if (open.size === 0) onLost(endMessage(statusText(syscalls.wait(pid, 0)), stderr));
      }),
    );
  };
  listen(errors, (bytes) => {
    stderr = (stderr + decodeUtf8(bytes)).slice(-2000);
  });
  listen(fromChild, lineSplitter(onLine));
  let ended = false;
  return {
    // A process that ended is reported when its pipes are read.
    write: (line) => void tryOrUndefined(() => writeAll(toChild, line, (result) => fail(result, 'write'))),
    end: (kill) => {
      if (ended) return;
      ended = true;
      if (kill && open.size > 0) syscalls.kill(pid, syscalls.SIGKILL);
      syscalls.close(toChild);
      close(fromChild);
      close(errors);
    },
  };
}

const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  6: 'SIGABRT',
  7: 'SIGBUS',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** The status of `wait`: a number, or the name of a signal. */
function statusText(status: number): number | string {
  return status <= 128 ? status : (signalNames[status - 128] ?? `signal ${status - 128}`);
}

const buffer = new Uint8Array(1 << 16);

/** stdin and stdout of the second process, which are pipes of the first one. */
export const standardPipe = {
  read: (): Uint8Array => buffer.subarray(0, Math.max(0, syscalls.read(0, buffer))),
  write: (text: string): void => writeAll(1, text, (result) => fail(result, 'write')),
};
