/** What an open descriptor is, from what /proc says of it, and whether it is one of a target. Pure. */
import type { Status } from '../system/files.ts';
import type { HeldInterface, HolderTarget } from './holder.ts';

/** One open descriptor that may be a VFIO one. */
export interface Descriptor {
  /** Without ` (deleted)`. */
  readonly path: string;
  readonly deleted: boolean;
  /** `MAJOR:MINOR`; absent for an anonymous one. */
  readonly devnum?: string;
  /** From fdinfo. */
  readonly syspath?: string;
}

/** The name of a legacy device descriptor (vfio_device_open_file in drivers/vfio/group.c). */
export const deviceFdLink = 'anon_inode:[vfio-device]';

/**
 * Whether the descriptor of this link can be a VFIO one. Every path can: another mount namespace may have the node
 * anywhere under any name, even as `/` alone. Sockets, pipes and other anonymous descriptors have no slash in front.
 */
export function mayBeVfio(link: string): boolean {
  return link.startsWith('/') || link === deviceFdLink;
}

/** The majors of memory devices (/dev/null), terminals and pseudo terminals (Documentation/admin-guide/devices.txt). */
const otherMajors = /^(?:1|4|5|13[6-9]|14[0-3]):/;

/**
 * Whether the status of what is open says by itself that it is none of VFIO: so that most descriptors cost one call. VFIO's
 * nodes have numbers that the kernel gives at run time, never those of the oldest devices.
 */
export function isOther({ kind, devnum }: Status): boolean {
  if (kind === 'char') return devnum !== undefined && otherMajors.test(devnum);
  return kind === 'socket' || kind === 'fifo' || kind === 'directory' || kind === 'block';
}

const deletedMark = ' (deleted)';

/** Splits the mark off that the kernel puts behind the path of a removed file (d_path in fs/d_path.c). */
export function splitDeleted(link: string): { readonly path: string; readonly deleted: boolean } {
  const deleted = link.endsWith(deletedMark);
  return { path: deleted ? link.slice(0, -deletedMark.length) : link, deleted };
}

/** The device that a fdinfo text names: `vfio-device-syspath: /sys/devices/...`, since Linux 6.18 (vfio_device_show_fdinfo). */
export function syspathIn(fdinfo: string): string | undefined {
  return /^vfio-device-syspath:\s*(\/sys\/\S.*?)\s*$/m.exec(fdinfo)?.[1];
}

/** Through which interface the descriptor holds the target, `undefined` where it is none of the target's. */
export function heldThrough(descriptor: Descriptor, target: HolderTarget): HeldInterface | undefined {
  const own: HeldInterface = descriptor.devnum === undefined ? 'device-fd' : 'cdev';
  if (descriptor.devnum !== undefined) {
    if (descriptor.devnum === target.devnum) return 'cdev';
    if (descriptor.devnum === target.groupDevnum) return 'group';
  }
  if (descriptor.syspath !== undefined) {
    if (descriptor.syspath === target.syspath) return own;
    if (target.goneName !== undefined && lastPart(descriptor.syspath) === target.goneName) return own;
  }
  const named = descriptor.deleted && lastPart(descriptor.path) === target.goneSysname;
  return named && descriptor.devnum !== undefined ? 'cdev' : undefined;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
