/** Reads the nodes that programs open, the rights of this user, and the mount that the nodes are on. */
import { readAccountNames } from '../devices/accounts.ts';
import { nodePathOf } from '../devices/cdev.ts';
import type { HostDevice } from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, tryOrUndefined } from '../errors.ts';
import { formatOwners } from '../links/permissions.ts';
import { containerNode, iommuNode } from '../links/shared-nodes.ts';
import { nodevMountOf, parseRights, type UserRights } from '../probe/rights.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';

/** A node that a program must open to use a device. */
export interface NodeState {
  readonly path: string;
  readonly kind: 'device' | 'group' | 'shared';
  /** Status of the node, or the errno of lstat(2). */
  readonly status: FileStatus | string;
  /** `root:kvm 0660`; absent with an errno. */
  readonly owners?: string;
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
  const nodes = wanted.map(([kind, path]): NodeState => {
    const status = statusOf(files, pathBelow(root, path));
    if (typeof status === 'string') return { kind, path, status };
    return { kind, path, status, owners: formatOwners(status, readAccountNames(files, root)) };
  });
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
