/** Checks whether a process listens on a Unix socket. Sends nothing. */
import { connect } from 'node:net';
import { errnoOf } from '../errors.ts';
import { tolerant } from '../holders/tolerant.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { listens } from './udev.ts';

/**
 * Whether a process listens on the socket `path`. Reads /proc/net/unix first, which needs no permission; it
 * lists only the sockets of this network namespace, so connect(2) is tried as well. The socket file of a dead
 * daemon fails both.
 */
export async function answers(files: Files, root: Root, path: string): Promise<boolean> {
  const table = tolerant(() => files.read(at(root, '/proc/net/unix'), 16 << 20));
  return (table !== undefined && listens(table, path)) || (await connects(at(root, path)));
}

/**
 * Connects and disconnects. EPROTOTYPE counts as success: a socket of another type listens (udevd's is
 * SOCK_SEQPACKET).
 */
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
