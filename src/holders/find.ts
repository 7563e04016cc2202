/**
 * Finds the processes that have a VFIO device open by scanning all descriptors in /proc. Opens no device. Does not find
 * a device that is only mapped, whose descriptor is in flight in a socket (SCM_RIGHTS), or that the kernel (KVM) still
 * holds after its descriptor was closed.
 */

import { errnoOf, isPermissionErrno, tryOrUndefined } from '../errors.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { type ProcessOwner, readOwner, readUsers, type Users } from './process.ts';
import { isGoneName } from './target.ts';
import type { HeldInterface, Holder, HolderSearch, HolderTarget } from './types.ts';
import { incompleteReasons } from './visibility.ts';

/** An open descriptor that may belong to VFIO. */
interface Descriptor {
  /** The target of /proc/PID/fd/N without ` (deleted)`. */
  readonly opened: string;
  readonly deleted: boolean;
  /** `MAJOR:MINOR`; absent for an anonymous inode. */
  readonly devnum?: string;
  /** The syspath of the device, from fdinfo. */
  readonly syspath?: string;
}

/** The link of a device descriptor that a group returned (vfio_device_open_file in drivers/vfio/group.c). */
const deviceFdLink = 'anon_inode:[vfio-device]';

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
    if (target.goneName !== undefined && isGoneName(target.goneName, lastPart(descriptor.syspath)))
      return own;
  }
  const nodeGone = descriptor.deleted && lastPart(descriptor.opened) === target.goneSysname;
  return nodeGone && descriptor.devnum !== undefined ? 'cdev' : undefined;
}

/** The descriptors of one process that belong to the target; a container only beside one of its group. */
function heldOf(
  open: readonly (readonly [fd: number, descriptor: Descriptor])[],
  target: HolderTarget,
): (readonly [fd: number, held: HeldInterface, descriptor: Descriptor])[] {
  const own = open.flatMap(([fd, descriptor]) => {
    const held = matchTarget(descriptor, target);
    return held === undefined ? [] : [[fd, held, descriptor] as const];
  });
  const { containerDevnum } = target;
  if (containerDevnum === undefined || own.every(([, held]) => held === 'cdev')) return own;
  const containers = open.filter(([, { devnum }]) => devnum === containerDevnum);
  return [...own, ...containers.map(([fd, descriptor]) => [fd, 'container', descriptor] as const)];
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Returns every open descriptor of the targets, from /proc below `root`. A process that ends during the scan is
 * skipped; one whose descriptors may not be read is counted in `incomplete`. Needs one stat(2) per descriptor, and one
 * readlink(2) more for each that stat(2) does not rule out.
 */
export function findHolders<T extends HolderTarget>(
  files: Files,
  root: Root,
  targets: readonly T[],
): HolderSearch<T> {
  const pids = listProcesses(files, root);
  const denied: number[] = [];
  const unnamed: number[] = [];
  const holders: (Holder & { readonly target: T })[] = [];
  let users: Users | undefined;
  for (const pid of pids ?? []) {
    let owner: ProcessOwner | undefined;
    const open: (readonly [fd: number, descriptor: Descriptor])[] = [];
    const isRefused = eachDescriptor(files, root, pid, targets, (fd, descriptor) => {
      if (descriptor.opened === deviceFdLink && descriptor.syspath === undefined) unnamed.push(pid);
      open.push([fd, descriptor]);
    });
    if (isRefused) denied.push(pid);
    for (const target of targets)
      for (const [fd, held, descriptor] of heldOf(open, target)) {
        owner ??= readOwner(files, root, pid, () => (users ??= readUsers(files, root)));
        holders.push({ pid, fd, interface: held, ...descriptor, ...owner, target });
      }
  }
  holders.sort((a, b) => a.pid - b.pid || a.fd - b.fd);
  return { holders, incomplete: incompleteReasons(files, root, { pids, denied, unnamed }) };
}

/** The PIDs in /proc; `undefined` if there are none. */
function listProcesses(files: Files, root: Root): number[] | undefined {
  const names = tryOrUndefined(() => files.readdir(pathBelow(root, '/proc')));
  const pids = (names ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.length === 0 ? undefined : pids;
}

/**
 * Calls `found` for each device descriptor and each descriptor of a character device. Returns whether access to the
 * process was denied.
 */
function eachDescriptor(
  files: Files,
  root: Root,
  pid: number,
  targets: readonly HolderTarget[],
  found: (fd: number, descriptor: Descriptor) => void,
): boolean {
  const directory = pathBelow(root, `/proc/${pid}/fd`);
  let names: string[];
  try {
    names = files.readdir(directory);
  } catch (error) {
    return isDenied(error);
  }
  for (const name of names) {
    // stat(2) follows the descriptor, not the path, so it also works for deleted nodes and other mount namespaces.
    const status = tryOrUndefined(() => files.stat(`${directory}/${name}`));
    if (status && isNotVfio(status)) continue;
    let link: string;
    try {
      link = files.readlink(`${directory}/${name}`);
    } catch (error) {
      if (isDenied(error)) return isStillDenied(files, directory);
      continue;
    }
    if (!mayBeVfio(link)) continue;
    const descriptor = readDescriptor(
      files,
      pathBelow(root, `/proc/${pid}`),
      name,
      { link, status },
      targets,
    );
    if (descriptor) found(Number(name), descriptor);
  }
  return false;
}

/**
 * Lists the directory again, since readlink also fails with EACCES if the process has ended (proc_fd_access_allowed in
 * fs/proc/base.c).
 */
function isStillDenied(files: Files, directory: string): boolean {
  try {
    return files.readdir(directory).length > 0;
  } catch (error) {
    return isDenied(error);
  }
}

/** Reads a descriptor; `undefined` if it is neither of a character device nor a device descriptor. */
function readDescriptor(
  files: Files,
  directory: string,
  fd: string,
  { link, status }: { readonly link: string; readonly status: FileStatus | undefined },
  targets: readonly HolderTarget[],
): Descriptor | undefined {
  const { path: opened, deleted } = splitDeleted(link);
  let devnum: string | undefined;
  if (link !== deviceFdLink) {
    if (status?.kind !== 'char' || status.devnum === undefined) return undefined;
    devnum = status.devnum;
  }
  // Skip fdinfo where it cannot name a device: many descriptors are of other character devices.
  const mayHaveSyspath =
    devnum === undefined || deleted || targets.some((target) => target.devnum === devnum);
  const syspath = mayHaveSyspath
    ? parseFdinfo(tryOrUndefined(() => files.read(`${directory}/fdinfo/${fd}`)) ?? '')
    : undefined;
  return {
    opened,
    deleted,
    ...(devnum !== undefined && { devnum }),
    ...(syspath !== undefined && { syspath }),
  };
}

function isDenied(error: unknown): boolean {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return isPermissionErrno(errno);
}
