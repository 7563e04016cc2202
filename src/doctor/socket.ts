/** Whether somebody listens on a socket of the file system. Says nothing to the listener. */
import { connect } from 'node:net';
import { errnoOf } from '../errors.ts';
import { tolerant } from '../holders/tolerant.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { listens } from './udev.ts';

/**
 * The kernel's table first, which everybody may read; it has only the sockets of this network namespace, so the socket
 * itself is tried too. The file of a daemon that is gone answers neither way.
 */
export async function answers(files: Files, root: Root, path: string): Promise<boolean> {
  const table = tolerant(() => files.read(at(root, '/proc/net/unix'), 16 << 20));
  return (table !== undefined && listens(table, path)) || (await connects(at(root, path)));
}

/** Connects and hangs up. EPROTOTYPE is an answer: there is a socket, of another type than ours (udevd's is SOCK_SEQPACKET). */
export function connects(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(errnoOf(error) === 'EPROTOTYPE'));
  });
}
