/** The title of a drawing: the host and the time. */
import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { Environment } from '../system/process.ts';
import { pathBelow, type Root } from '../system/root-path.ts';

/** `VFIO devices of host, 2026-11-30 22:45 UTC`; without a host if the tree does not name one. Not escaped. */
export function graphTitle(files: Files, root: Root, time: Date): string {
  const host = hostName(files, root);
  const minute = time.toISOString().slice(0, 16).replace('T', ' ');
  return `VFIO devices${host === undefined ? '' : ` of ${host}`}, ${minute} UTC`;
}

/** The name of this machine is the kernel's; that of another tree is in its /etc/hostname (hostname(5)). */
function hostName(files: Files, root: Root): string | undefined {
  const path = root === '' ? '/proc/sys/kernel/hostname' : pathBelow(root, '/etc/hostname');
  const text = tryOrUndefined(() => files.read(path, 4096)) ?? '';
  return text
    .split('\n')
    .find((line) => /^[^#\s]/.test(line))
    ?.trim();
}

/** The time of SOURCE_DATE_EPOCH (reproducible-builds.org), by which two drawings of one machine are identical, else `now`. */
export function drawingTime(env: Environment, now: Date): Date {
  const epoch = env['SOURCE_DATE_EPOCH'] ?? '';
  return /^\d{1,11}$/.test(epoch) ? new Date(Number(epoch) * 1000) : now;
}
