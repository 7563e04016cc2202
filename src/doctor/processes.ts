/** Reads from /proc: the process of `vfio-names watch`, and the limit of locked memory. */

import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import type { MemoryLock } from './snapshot.ts';

/**
 * Returns the lowest pid of root's that runs `vfio-names watch`; any user can give a process that name. Command lines are
 * readable by all users unless /proc is mounted with hidepid.
 */
export function findWatcher(files: Files, root: Root): number | undefined {
  const names = tryOrUndefined(() => files.readdir(pathBelow(root, '/proc'))) ?? [];
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  return pids
    .sort((a, b) => a - b)
    .find((pid) => {
      const read = (name: string) =>
        tryOrUndefined(() => files.read(pathBelow(root, `/proc/${pid}/${name}`), 4096)) ?? '';
      return isWatchCommand(read('cmdline')) && isRootProcess(read('status'));
    });
}

/** Whether the real and the effective user are root: a set-uid program keeps the real user who chose its arguments. */
function isRootProcess(status: string): boolean {
  return /^Uid:\s+0\s+0\s/m.test(status);
}

/**
 * Whether a command line (arguments terminated by zero bytes) runs `vfio-names watch`: the program itself, or
 * node with its options and the program, followed by `watch`.
 */
export function isWatchCommand(cmdline: string): boolean {
  const args = cmdline.split('\0');
  const program = args.findIndex((arg) => /^vfio-names(?:\.[cm]?js)?$/.test(baseName(arg)));
  const [interpreter, ...options] = args.slice(0, program);
  if (program < 0 || (interpreter !== undefined && !/^node(?:js|-?\d+)?$/.test(baseName(interpreter))))
    return false;
  return options.every((arg) => arg.startsWith('-')) && args.slice(program + 1).includes('watch');
}

/**
 * Returns the limit of this process, which programs started from here inherit. `undefined` if /proc does not
 * have it.
 */
export function readMemoryLock(files: Files, root: Root): MemoryLock | undefined {
  const limits = tryOrUndefined(() => files.read(pathBelow(root, '/proc/self/limits'))) ?? '';
  const soft = /^Max locked memory\s+(unlimited|\d+)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  const status = tryOrUndefined(() => files.read(pathBelow(root, '/proc/self/status'))) ?? '';
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  // CAP_IPC_LOCK is bit 14 (include/uapi/linux/capability.h).
  const capable = ((BigInt(`0x${capabilities}`) >> 14n) & 1n) === 1n;
  // iopt_alloc_pages and vfio_dma_do_map call capable(): root in a user namespace (user_namespaces(7)) is not
  // exempt.
  const map = tryOrUndefined(() => files.read(pathBelow(root, '/proc/self/uid_map')));
  const exempt = capable && (map === undefined || /^\s*0\s+0\s+4294967295\s*$/.test(map));
  return { softLimit: soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft), exempt };
}
