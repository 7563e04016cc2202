/** Unix sockets: messages to the service manager, and the question whether udevd listens. */
import * as syscalls from 'qjs:syscalls';
import { CallError } from '../calls.ts';
import { type Datagrams, unixAddress } from '../notify.ts';
import { errnoName } from './errno.ts';

function callChecked(call: string, result: number): number {
  if (result < 0) throw new CallError(call, errnoName(-result));
  return result;
}

/** Opens a new socket for datagrams. Throws CallError `socket`. */
export function openDatagrams(): Datagrams {
  const fd = callChecked('socket', syscalls.socket(syscalls.AF_UNIX, syscalls.SOCK_DGRAM, 0));
  return {
    send: (address, bytes) =>
      void callChecked(
        'sendto',
        syscalls.sendto(fd, bytes, syscalls.MSG_NOSIGNAL | syscalls.MSG_DONTWAIT, address),
      ),
    close: () => void syscalls.close(fd),
  };
}

/**
 * Connects and disconnects. EPROTOTYPE counts as success: a socket of another type listens (udevd's is
 * SOCK_SEQPACKET).
 */
export function canConnect(path: string): boolean {
  const address = unixAddress(path);
  if (!address) return false;
  const fd = syscalls.socket(syscalls.AF_UNIX, syscalls.SOCK_STREAM | syscalls.SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const result = syscalls.connect(fd, address);
  syscalls.close(fd);
  return result >= 0 || errnoName(-result) === 'EPROTOTYPE';
}
