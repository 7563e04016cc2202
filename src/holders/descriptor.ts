/** Classifies open descriptors by their data in /proc and matches them with targets. */
import type { FileStatus } from '../system/files.ts';
import type { HeldInterface, HolderTarget } from './holder.ts';

/** An open descriptor that may belong to VFIO. */
export interface Descriptor {
  /** The target of /proc/PID/fd/N without ` (deleted)`. */
  readonly path: string;
  readonly deleted: boolean;
  /** `MAJOR:MINOR`; absent for an anonymous inode. */
  readonly devnum?: string;
  /** The syspath of the device, from fdinfo. */
  readonly syspath?: string;
}

/** The link of a device descriptor that a group returned (vfio_device_open_file in drivers/vfio/group.c). */
export const deviceFdLink = 'anon_inode:[vfio-device]';

/**
 * Whether a descriptor with this link in /proc/PID/fd can belong to VFIO. Any path can: in another mount namespace the
 * node can be at any path, even at `/`. Links of sockets, pipes and other anonymous descriptors do not start with a
 * slash.
 */
export function mayBeVfio(link: string): boolean {
  return link.startsWith('/') || link === deviceFdLink;
}

/** The majors of memory devices (/dev/null), terminals and pseudoterminals (Documentation/admin-guide/devices.txt). */
const otherMajors = /^(?:1|4|5|13[6-9]|14[0-3]):/;

/**
 * Whether the status alone shows that the descriptor does not belong to VFIO, so that most descriptors need one system
 * call. The device numbers of VFIO nodes are allocated dynamically and never equal the fixed majors in `otherMajors`.
 */
export function isNotVfio({ kind, devnum }: FileStatus): boolean {
  if (kind === 'char') return devnum !== undefined && otherMajors.test(devnum);
  return kind === 'socket' || kind === 'fifo' || kind === 'directory' || kind === 'block';
}

const deletedSuffix = ' (deleted)';

/** Splits off the suffix that the kernel appends to the path of a removed file (d_path in fs/d_path.c). */
export function splitDeleted(link: string): { readonly path: string; readonly deleted: boolean } {
  const deleted = link.endsWith(deletedSuffix);
  return { path: deleted ? link.slice(0, -deletedSuffix.length) : link, deleted };
}

/**
 * Returns the syspath in an fdinfo text: `vfio-device-syspath: /sys/devices/...`, since Linux 6.18
 * (vfio_device_show_fdinfo).
 */
export function parseFdinfo(fdinfo: string): string | undefined {
  return /^vfio-device-syspath:\s*(\/sys\/\S.*?)\s*$/m.exec(fdinfo)?.[1];
}

/**
 * Returns the interface through which the descriptor holds the target; `undefined` if it does not belong to the target.
 */
export function matchTarget(descriptor: Descriptor, target: HolderTarget): HeldInterface | undefined {
  const own: HeldInterface = descriptor.devnum === undefined ? 'device-fd' : 'cdev';
  if (descriptor.devnum !== undefined) {
    if (descriptor.devnum === target.devnum) return 'cdev';
    if (descriptor.devnum === target.groupDevnum) return 'group';
  }
  if (descriptor.syspath !== undefined) {
    if (descriptor.syspath === target.syspath) return own;
    if (target.goneName !== undefined && lastPart(descriptor.syspath) === target.goneName) return own;
  }
  const nodeGone = descriptor.deleted && lastPart(descriptor.path) === target.goneSysname;
  return nodeGone && descriptor.devnum !== undefined ? 'cdev' : undefined;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
