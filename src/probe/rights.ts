/** What lets this process open a node, or keeps it from it: ids, capabilities, and the mount. */
import type { FileStatus } from '../system/files.ts';

/** The rights of this process. */
export interface UserRights {
  readonly uid: number;
  readonly gids: readonly number[];
  /** CAP_DAC_OVERRIDE: owner and mode of a node do not matter. */
  readonly overridesMode: boolean;
}

/** Parses /proc/PID/status (proc_pid_status(5)); CAP_DAC_OVERRIDE is bit 1. */
export function parseRights(status: string): UserRights | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  const gid = /^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  if (uid === undefined || gid === undefined) return undefined;
  const groups = /^Groups:[ \t]*(.*)$/m.exec(status)?.[1]?.match(/\d+/g) ?? [];
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return {
    uid: Number(uid),
    gids: [gid, ...groups].map(Number),
    overridesMode: ((BigInt(`0x${capabilities}`) >> 1n) & 1n) === 1n,
  };
}

/** Whether owner and mode let the user read and write. */
export function mayOpen(
  user: UserRights,
  { uid, gid, mode }: Pick<FileStatus, 'uid' | 'gid' | 'mode'>,
): boolean {
  if (user.overridesMode) return true;
  const shift = uid === user.uid ? 6 : user.gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o6) === 0o6;
}

/** Returns the mount point of `path` if it is mounted with nodev; `mountinfo` is that of proc_pid_mountinfo(5). */
export function nodevMountOf(mountinfo: string, path: string): string | undefined {
  let found: { readonly point: string; readonly nodev: boolean } | undefined;
  for (const line of mountinfo.split('\n')) {
    const [, , , , escapedPoint, options] = line.split(' ');
    if (escapedPoint === undefined || options === undefined) continue;
    const point = escapedPoint.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of two mounts at one point, the later one is on top.
    if (isAbove && point.length >= (found?.point.length ?? 0))
      found = { point, nodev: options.split(',').includes('nodev') };
  }
  return found?.nodev ? found.point : undefined;
}
