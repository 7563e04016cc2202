/** What /proc says beyond VFIO: the watching process, and the limit of locked memory. Decides nothing. */
import { lastPart } from '../devices/identify.ts';
import { tolerant } from '../holders/tolerant.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { MemoryLock } from './snapshot.ts';

/** The first process that runs `vfio-names watch`; command lines are open to everybody unless /proc hides processes. */
export function findWatcher(files: Files, root: Root): number | undefined {
  const names = tolerant(() => files.list(at(root, '/proc'))) ?? [];
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  return pids
    .sort((a, b) => a - b)
    .find((pid) => isWatch(tolerant(() => files.read(at(root, `/proc/${pid}/cmdline`), 4096)) ?? ''));
}

/** The arguments, each ended by a zero byte: the program itself, or node and its options before it; `watch` behind it. */
export function isWatch(cmdline: string): boolean {
  const words = cmdline.split('\0');
  const program = words.findIndex((word) => /^vfio-names(?:\.[cm]?js)?$/.test(lastPart(word)));
  const [interpreter, ...options] = words.slice(0, program);
  if (program < 0 || (interpreter !== undefined && !/^node(?:js|-?\d+)?$/.test(lastPart(interpreter))))
    return false;
  return options.every((word) => word.startsWith('-')) && words.slice(program + 1).includes('watch');
}

/** The limits of this process, as a program started from here would have them. `undefined` where /proc does not tell. */
export function readMemoryLock(files: Files, root: Root): MemoryLock | undefined {
  const limits = tolerant(() => files.read(at(root, '/proc/self/limits'))) ?? '';
  const soft = /^Max locked memory\s+(unlimited|\d+)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  const status = tolerant(() => files.read(at(root, '/proc/self/status'))) ?? '';
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  // CAP_IPC_LOCK is bit 14 (include/uapi/linux/capability.h).
  const capable = ((BigInt(`0x${capabilities}`) >> 14n) & 1n) === 1n;
  // iopt_alloc_pages and vfio_dma_do_map ask capable(): root of a user namespace (user_namespaces(7)) is not exempt.
  const map = tolerant(() => files.read(at(root, '/proc/self/uid_map')));
  const exempt = capable && (map === undefined || /^\s*0\s+0\s+4294967295\s*$/.test(map));
  return { soft: soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft), exempt };
}
