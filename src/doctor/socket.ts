/** Checks whether a process listens on a Unix socket. Sends nothing. */
import { connect } from 'node:net';
import { errnoOf } from '../errors.ts';
import { tryOrUndefined } from '../holders/tolerant.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import { hasListener } from './udev.ts';

/**
 * Whether a process listens on the socket `path`. Reads /proc/net/unix first, which needs no permission; it
 * lists only the sockets of this network namespace, so connect(2) is tried as well. The socket file of a dead
 * daemon fails both.
 */
export async function isListening(files: Files, root: Root, path: string): Promise<boolean> {
  const table = tryOrUndefined(() => files.read(pathBelow(root, '/proc/net/unix'), 16 << 20));
  return (table !== undefined && hasListener(table, path)) || (await canConnect(pathBelow(root, path)));
}

/**
 * Connects and disconnects. EPROTOTYPE counts as success: a socket of another type listens (udevd's is
 * SOCK_SEQPACKET).
 */
export function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(errnoOf(error) === 'EPROTOTYPE'));
  });
}
