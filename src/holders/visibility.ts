/** Reports why a scan of /proc may be incomplete. */

import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { Incomplete } from './types.ts';

/** What the scan of /proc found. */
interface ProcScan {
  /** All PIDs in /proc; `undefined` if there is no /proc. */
  readonly pids: readonly number[] | undefined;
  /** PIDs whose descriptors may not be read. */
  readonly denied: readonly number[];
  /** PIDs with a device descriptor whose device the kernel does not show in fdinfo (before Linux 6.18). */
  readonly unnamed: readonly number[];
}

/** Returns the reasons why the list of holders may be incomplete, the most important first. */
export function incompleteReasons(files: Files, root: Root, scan: ProcScan): readonly Incomplete[] {
  if (scan.pids === undefined) {
    const message = `no processes can be seen in ${pathBelow(root, '/proc')}: mount proc there`;
    return [{ limitation: 'no-proc', message }];
  }
  const incomplete: Incomplete[] = [];
  if (scan.denied.length > 0) {
    const count = `${scan.denied.length} of ${scan.pids.length} processes may not be looked into`;
    incomplete.push(
      isRoot(files, root)
        ? {
            limitation: 'denied',
            message: `${count}, not even by root: ask outside this container, or the security module`,
          }
        : { limitation: 'not-root', message: `${count}: run it as root to see all` },
    );
  }
  if (!scan.pids.includes(1) && hidesProcesses(files, root)) {
    const message =
      '/proc hides the processes of other users (mounted with hidepid): run it as root to see all';
    incomplete.push({ limitation: 'hidepid', message });
  }
  if (inPidNamespace(files, root)) {
    const message =
      'this is a PID namespace of its own: processes of the host and of other containers are not seen; run it on the host to see all';
    incomplete.push({ limitation: 'pid-namespace', message });
  }
  if (scan.unnamed.length > 0) {
    const pids = [...new Set(scan.unnamed)].sort((a, b) => a - b);
    const message = `a VFIO device is open through its group in ${pids.length === 1 ? 'process' : 'processes'} ${pids.join(', ')}, and this kernel does not say which device (Linux 6.18 and later do)`;
    incomplete.push({ limitation: 'fdinfo-unsupported', message, pids });
  }
  return incomplete;
}

/**
 * Whether this process is root; root may still lack a capability (in a container) or be refused by a security module.
 */
function isRoot(files: Files, root: Root): boolean {
  return /^Uid:\s+\d+\s+0\s/m.test(
    tryOrUndefined(() => files.read(pathBelow(root, '/proc/self/status'))) ?? '',
  );
}

/** In bytes: a host of containers has tens of thousands of mounts. */
const MAX_MOUNTS_SIZE = 64 << 20;

/** The initial PID namespace always has this inode number (PROC_PID_INIT_INO in include/uapi/linux/nsfs.h). */
const initialNamespace = 'pid:[4026531836]';

/** Reads the namespace of process 1, since a container may have the host's /proc mounted; only root may read it. */
function inPidNamespace(files: Files, root: Root): boolean {
  const link =
    tryOrUndefined(() => files.readlink(pathBelow(root, '/proc/1/ns/pid'))) ??
    tryOrUndefined(() => files.readlink(pathBelow(root, '/proc/self/ns/pid')));
  return link !== undefined && link !== initialNamespace;
}

/**
 * Whether /proc omits processes: with hidepid=invisible (2) and ptraceable (4); noaccess (1) only denies access
 * (proc(5)).
 */
function hidesProcesses(files: Files, root: Root): boolean {
  const mounts =
    tryOrUndefined(() => files.read(pathBelow(root, '/proc/self/mounts'), MAX_MOUNTS_SIZE)) ?? '';
  return /^\S+ \/proc proc \S*\bhidepid=(?:2|4|invisible|ptraceable)\b/m.test(mounts);
}
