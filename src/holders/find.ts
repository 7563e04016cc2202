/**
 * Finds the processes that have a VFIO device open, by a look at every descriptor in /proc. Opens no device. Does not see a
 * device that is only mapped, on its way through a socket, or held by the kernel itself (KVM) after its descriptor was closed.
 */
import { errnoOf } from '../errors.ts';
import type { Files, Status } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import {
  type Descriptor,
  deviceFdLink,
  heldThrough,
  isOther,
  mayBeVfio,
  splitDeleted,
  syspathIn,
} from './descriptor.ts';
import type { Holder, HolderSearch, HolderTarget } from './holder.ts';
import { type Owner, readOwner, readUsers, type Users } from './process.ts';
import { unseenBy } from './sight.ts';
import { tolerant } from './tolerant.ts';

/**
 * Every open descriptor of the targets, below `root`'s /proc. A process that ends meanwhile is no error, and one that may
 * not be looked into is counted in `unseen`. One stat a descriptor, and one readlink more for each that this leaves open.
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
    let owner: Owner | undefined;
    const refused = eachDescriptor(files, root, pid, targets, (fd, descriptor) => {
      if (descriptor.path === deviceFdLink && descriptor.syspath === undefined) unnamed.push(pid);
      for (const target of targets) {
        const held = heldThrough(descriptor, target);
        if (held === undefined) continue;
        owner ??= readOwner(files, root, pid, () => (users ??= readUsers(files, root)));
        holders.push({ pid, fd, interface: held, ...descriptor, ...owner, target });
      }
    });
    if (refused) denied.push(pid);
  }
  holders.sort((a, b) => a.pid - b.pid || a.fd - b.fd);
  return { holders, unseen: unseenBy(files, root, { pids, denied, unnamed }) };
}

/** The numbers in /proc; `undefined` where there are none at all. */
function listProcesses(files: Files, root: Root): number[] | undefined {
  const names = tolerant(() => files.list(at(root, '/proc')));
  const pids = (names ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.length === 0 ? undefined : pids;
}

/** Calls `found` for each descriptor that is a VFIO one or a character node; true where the process may not be looked into. */
function eachDescriptor(
  files: Files,
  root: Root,
  pid: number,
  targets: readonly HolderTarget[],
  found: (fd: number, descriptor: Descriptor) => void,
): boolean {
  const directory = at(root, `/proc/${pid}/fd`);
  let names: string[];
  try {
    names = files.list(directory);
  } catch (error) {
    return isDenied(error);
  }
  for (const name of names) {
    // Follows the descriptor itself, not the path: right for a deleted node, and for one of another mount namespace.
    const status = tolerant(() => files.stat(`${directory}/${name}`));
    if (status && isOther(status)) continue;
    let link: string;
    try {
      link = files.readlink(`${directory}/${name}`);
    } catch (error) {
      if (isDenied(error)) return isStillRefused(files, directory);
      continue;
    }
    if (!mayBeVfio(link)) continue;
    const descriptor = readDescriptor(files, at(root, `/proc/${pid}`), name, { link, status }, targets);
    if (descriptor) found(Number(name), descriptor);
  }
  return false;
}

/** A process that ends between listing and readlink answers EACCES, too (proc_fd_access_allowed in fs/proc/base.c): look again. */
function isStillRefused(files: Files, directory: string): boolean {
  try {
    return files.list(directory).length > 0;
  } catch (error) {
    return isDenied(error);
  }
}

/** The descriptor in full; `undefined` for one that is neither a character node nor a device descriptor. */
function readDescriptor(
  files: Files,
  directory: string,
  fd: string,
  { link, status }: { readonly link: string; readonly status: Status | undefined },
  targets: readonly HolderTarget[],
): Descriptor | undefined {
  const { path, deleted } = splitDeleted(link);
  let devnum: string | undefined;
  if (link !== deviceFdLink) {
    if (status?.kind !== 'char' || status.devnum === undefined) return undefined;
    devnum = status.devnum;
  }
  // Other character nodes (terminals, /dev/null) are many; fdinfo is read only where it can say something.
  const ask = devnum === undefined || deleted || targets.some((target) => target.devnum === devnum);
  const syspath = ask ? syspathIn(tolerant(() => files.read(`${directory}/fdinfo/${fd}`)) ?? '') : undefined;
  return {
    path,
    deleted,
    ...(devnum !== undefined && { devnum }),
    ...(syspath !== undefined && { syspath }),
  };
}

function isDenied(error: unknown): boolean {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno === 'EACCES' || errno === 'EPERM';
}
