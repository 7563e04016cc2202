/** Reads the nodes that programs open, the rights of this user, and the mount that the nodes are on. */
import type { HostDevice } from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, tryOrUndefined } from '../errors.ts';
import { nodePathOf } from '../links/node-check.ts';
import { containerNode, iommuNode } from '../links/shared-nodes.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';

/** A node that a program must open to use a device. */
export interface NodeState {
  readonly path: string;
  readonly kind: 'device' | 'group' | 'shared';
  /** Status of the node, or the errno of lstat(2). */
  readonly status: FileStatus | string;
}

/** The rights of this process. */
export interface UserRights {
  readonly uid: number;
  readonly gids: readonly number[];
  /** CAP_DAC_OVERRIDE: owner and mode of a node do not matter. */
  readonly overridesMode: boolean;
}

export interface AccessState {
  /** Empty if no device is bound. */
  readonly nodes: readonly NodeState[];
  /** Absent without /proc. */
  readonly user?: UserRights;
  /** The mount point of the nodes if it has the option nodev, with which nobody can open a node. */
  readonly nodevMount?: string;
}

/**
 * Reads the nodes of devices and /dev/iommu, or those of groups and /dev/vfio/vfio if no device has a node. The rights are
 * those of this process, also with `--root`.
 */
export function readAccess(
  files: Files,
  root: Root,
  devices: readonly { readonly device: Device; readonly groupNode?: string }[],
  classless: readonly HostDevice[],
): AccessState {
  const withNodes = devices.filter(({ device }) => device.devnum !== undefined);
  const groupNodes = [...devices, ...classless].flatMap(({ groupNode }) => groupNode ?? []);
  const wanted: readonly (readonly [NodeState['kind'], string])[] =
    withNodes.length > 0
      ? [
          ...withNodes.map(({ device }) => ['device', nodePathOf(device.sysname)] as const),
          ['shared', iommuNode.path],
        ]
      : groupNodes.length > 0
        ? [
            ...[...new Set(groupNodes)].map((path) => ['group', path] as const),
            ['shared', containerNode.path],
          ]
        : [];
  const nodes = wanted.map(([kind, path]) => ({
    kind,
    path,
    status: statusOf(files, pathBelow(root, path)),
  }));
  const user = parseRights(tryOrUndefined(() => files.read('/proc/self/status')) ?? '');
  const mounts = tryOrUndefined(() => files.read('/proc/self/mountinfo', 1 << 20)) ?? '';
  const [first] = nodes;
  const nodevMount = first && nodevMountOf(mounts, pathBelow(root, first.path));
  return { nodes, ...(user && { user }), ...(nodevMount !== undefined && { nodevMount }) };
}

function statusOf(files: Files, path: string): FileStatus | string {
  try {
    return files.lstat(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
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
