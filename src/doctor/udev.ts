/** Reads the state of udev: installed rules, the socket of the daemon, its database. Does not run udevadm. */

import { tryOrUndefined } from '../errors.ts';
import { udevLinks } from '../links/ownership.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { System } from '../system/system.ts';
import { baseName } from '../text/path.ts';
import { checkRules, findRules, type RulesStatus } from '../udev/installed-rules.ts';

export interface UdevState {
  /** Whether a daemon listens on the control socket; a socket file without a listener does not count. */
  readonly running: boolean;
  /** The rules file that udev uses; absent if none is installed. */
  readonly rulesPath?: string;
  /** The verdict of checkRules(); also `current` if the policy could not be read for the comparison. */
  readonly rulesState: RulesStatus['rulesState'];
  /** Set if the rules are in a file of another name, which vfio-names does not write. */
  readonly embedded?: true;
}

/** `running` comes from socket.ts; `expected` is the text of the rules that the policy compiles to. */
export function readUdev(
  files: Files,
  root: Root,
  running: boolean,
  expected: string | undefined,
): UdevState {
  const found = findRules(files, root);
  const { file, rulesState } = checkRules(
    found,
    expected ?? (found?.kind === 'text' || found?.kind === 'embedded' ? found.text : ''),
  );
  return {
    running,
    ...(file !== undefined && { rulesPath: file }),
    rulesState,
    ...(found?.kind === 'embedded' && { embedded: true }),
  };
}

/** Returns the control socket of udevd: /run/udev/control; since systemd 262 a link to the varlink socket. */
export function findUdevSocket(files: Files, root: Root): string {
  const control = '/run/udev/control';
  const target = tryOrUndefined(() => files.readlink(pathBelow(root, control)));
  if (target === undefined) return control;
  return target.startsWith('/') ? target : `/run/udev/${baseName(target)}`;
}

/**
 * Whether udev's database lists `link` (relative to /dev) for the node `devnum`. `undefined` if udev has no database here.
 */
export function udevHasLink(files: Files, root: Root, devnum: string, link: string): boolean | undefined {
  const listed = udevLinks(files, root, devnum)?.has(link);
  if (listed !== undefined) return listed;
  return tryOrUndefined(() => files.lstat(pathBelow(root, '/run/udev/data'))) === undefined
    ? undefined
    : false;
}

/**
 * Whether /proc/net/unix lists a listening socket with this path (flag __SO_ACCEPTCON, net/unix/af_unix.c).
 */
export function hasListener(procNetUnix: string, path: string): boolean {
  return procNetUnix.split('\n').some((line) => {
    const [, , , flags, , , , ...name] = line.trim().split(/\s+/);
    return name.join(' ') === path && (Number.parseInt(flags ?? '', 16) & 0x10000) !== 0;
  });
}

/**
 * Whether a process listens on the socket `path`. Reads /proc/net/unix first, which needs no permission; it
 * lists only the sockets of this network namespace, so connect(2) is tried as well. The socket file of a dead
 * daemon fails both.
 */
export async function isListening(
  files: Files,
  canConnect: System['canConnect'],
  root: Root,
  path: string,
): Promise<boolean> {
  const table = tryOrUndefined(() => files.read(pathBelow(root, '/proc/net/unix'), 16 << 20));
  return (table !== undefined && hasListener(table, path)) || (await canConnect(pathBelow(root, path)));
}
