/** What of udev is there: rules, a daemon that answers, its database. Runs no udevadm. */
import { lastPart } from '../devices/identify.ts';
import { tolerant } from '../holders/tolerant.ts';
import { judge, type Verdict } from '../rules/check.ts';
import { findRules } from '../rules/place.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

export interface Udev {
  /** A daemon answers; a socket's file that nobody listens on is not one. */
  readonly running: boolean;
  /** The rules file that counts; absent where none is installed. */
  readonly rules?: string;
  /** What rules/check.ts says of it; `current` also where the policy could not be read to compare it. */
  readonly state: Verdict['state'];
}

/** `running` is told by whoever tried the socket (socket.ts); `wanted` is the text that the policy gives. */
export function readUdev(files: Files, root: Root, running: boolean, wanted: string | undefined): Udev {
  const found = findRules(files, root);
  const { path, state } = judge(found, wanted ?? (found?.kind === 'text' ? found.text : ''));
  return { running, ...(path !== undefined && { rules: path }), state };
}

/** The socket that udevd answers on: /run/udev/control; since systemd 262 that is a link to the one of varlink. */
export function udevSocket(files: Files, root: Root): string {
  const control = '/run/udev/control';
  const target = tolerant(() => files.readlink(at(root, control)));
  if (target === undefined) return control;
  return target.startsWith('/') ? target : `/run/udev/${lastPart(target)}`;
}

/**
 * Whether udev's database says that udev made `link` (relative to /dev) for the node `devnum`: the line `S:` of
 * /run/udev/data/cMAJOR:MINOR (device_update_db in systemd's src/libsystemd/sd-device/device-private.c).
 * `undefined` where udev keeps no database here.
 */
export function udevMade(files: Files, root: Root, devnum: string, link: string): boolean | undefined {
  const directory = at(root, '/run/udev/data');
  const text = tolerant(() => files.read(`${directory}/c${devnum}`));
  if (text !== undefined) return text.split('\n').includes(`S:${link}`);
  return tolerant(() => files.lstat(directory)) === undefined ? undefined : false;
}

/** Whether a socket with this path is listened on, by the table of /proc/net/unix (flag __SO_ACCEPTCON, net/unix/af_unix.c). */
export function listens(procNetUnix: string, path: string): boolean {
  return procNetUnix.split('\n').some((line) => {
    const [, , , flags, , , , ...name] = line.trim().split(/\s+/);
    return name.join(' ') === path && (Number.parseInt(flags ?? '', 16) & 0x10000) !== 0;
  });
}
