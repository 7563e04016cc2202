/** What a look through /proc could not see, and why. Knows nothing of VFIO beyond one sentence. */
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Unseen } from './holder.ts';
import { tolerant } from './tolerant.ts';

/** What the search met on its way. */
export interface Look {
  /** All processes that /proc listed; `undefined` where there is no /proc. */
  readonly pids: readonly number[] | undefined;
  /** Those whose descriptors may not be looked at. */
  readonly denied: readonly number[];
  /** Those with a VFIO device descriptor that the kernel gives no name for. */
  readonly unnamed: readonly number[];
}

/** The reasons why the list may be short, in the order in which they matter. */
export function unseenBy(files: Files, root: Root, look: Look): readonly Unseen[] {
  if (look.pids === undefined) {
    const message = `no processes can be seen in ${at(root, '/proc')}: mount proc there`;
    return [{ reason: 'no-proc', message }];
  }
  const unseen: Unseen[] = [];
  if (look.denied.length > 0) {
    const some = `${look.denied.length} of ${look.pids.length} processes may not be looked into`;
    unseen.push(
      isRoot(files, root)
        ? {
            reason: 'refused',
            message: `${some}, not even by root: ask outside this container, or the security module`,
          }
        : { reason: 'not-root', message: `${some}: run it as root to see all` },
    );
  }
  if (!look.pids.includes(1) && hidesProcesses(files, root)) {
    const message =
      '/proc hides the processes of other users (mounted with hidepid): run it as root to see all';
    unseen.push({ reason: 'hidepid', message });
  }
  if (inPidNamespace(files, root)) {
    const message =
      'this is a PID namespace of its own: processes of the host and of other containers are not seen; run it on the host to see all';
    unseen.push({ reason: 'pid-namespace', message });
  }
  if (look.unnamed.length > 0) {
    const pids = [...new Set(look.unnamed)].sort((a, b) => a - b);
    const message = `a VFIO device is open through its group in ${pids.length === 1 ? 'process' : 'processes'} ${pids.join(', ')}, and this kernel does not say which device (Linux 6.18 and later do)`;
    unseen.push({ reason: 'old-kernel', message, pids });
  }
  return unseen;
}

/** Whether we are root, which may still lack a capability (a container), or be refused by a security module. */
function isRoot(files: Files, root: Root): boolean {
  return /^Uid:\s+\d+\s+0\s/m.test(tolerant(() => files.read(at(root, '/proc/self/status'))) ?? '');
}

/** The first PID namespace always has this inode number (PROC_PID_INIT_INO in include/uapi/linux/nsfs.h). */
const firstNamespace = 'pid:[4026531836]';

/** Asks process 1 of this /proc, since ours may be the host's /proc seen from a container; it answers root only. */
function inPidNamespace(files: Files, root: Root): boolean {
  const link =
    tolerant(() => files.readlink(at(root, '/proc/1/ns/pid'))) ??
    tolerant(() => files.readlink(at(root, '/proc/self/ns/pid')));
  return link !== undefined && link !== firstNamespace;
}

/** hidepid=invisible (2) and ptraceable (4) leave processes out of the list; noaccess (1) only refuses (proc(5)). */
function hidesProcesses(files: Files, root: Root): boolean {
  const mounts = tolerant(() => files.read(at(root, '/proc/self/mounts'))) ?? '';
  return /^\S+ \/proc proc \S*\bhidepid=(?:2|4|invisible|ptraceable)\b/m.test(mounts);
}
