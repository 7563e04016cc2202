/**
 * Collects the context of a failed probe: holders of the device, its siblings, owners and modes of the nodes.
 */

import { isNoIommu, nodePathOf } from '../devices/cdev.ts';
import { readFact } from '../devices/facts.ts';
import { isVfioDriverName, readSiblings, type Sibling } from '../devices/iommu-group.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { ignoring } from '../errors.ts';
import { findHolders } from '../holders/find.ts';
import { targetOf } from '../holders/target.ts';
import type { Holder, HolderTarget, Incomplete } from '../holders/types.ts';

import { containerNode, iommuNode } from '../links/shared-nodes.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { nodevMountOf, parseRights, type UserRights } from './rights.ts';

export type NodeKind = 'node' | 'iommu' | 'group' | 'container';

export interface SiblingWithHolders extends Sibling {
  readonly holders: readonly Holder[];
}

/** A node as `ls -l` shows it. */
export interface NodeAccess {
  readonly path: string;
  /** Absent if the node does not exist. */
  readonly status?: { readonly mode: number; readonly uid: number; readonly gid: number };
  /** The mount point of the node if it has the option nodev, with which nobody can open it. */
  readonly nodevMount?: string;
}

export interface Evidence {
  /** The name on its bus, raw. */
  readonly name: string;
  readonly devnum?: string;
  readonly group?: string;
  /** Whether sysfs still lists the device with the same device number. */
  readonly stillBound: boolean;
  readonly noIommu: boolean;
  readonly holders: readonly Holder[];
  readonly incomplete: readonly Incomplete[];
  readonly siblings: readonly SiblingWithHolders[];
  readonly nodes: Readonly<Record<NodeKind, NodeAccess>>;
  /** Effective user ID of this process. */
  readonly uid: number;
  /** The ids and capabilities of this process; absent without /proc. */
  readonly rights?: UserRights;
  /** The PF of a VF, and the driver of the PF. */
  readonly pf?: { readonly name: string; readonly driver?: string };
  /** Set for a PF that has VFs. */
  readonly hasVfs?: true;
  /** Whether a VF token was passed. */
  readonly tokenGiven: boolean;
}

/** The nodes that a probe of the device may open; the group node is empty if the device has no group. */
export function nodePaths(files: Files, root: Root, device: Device): Record<NodeKind, string> {
  return {
    node: nodePathOf(device.sysname),
    iommu: iommuNode.path,
    group: readFact(files, root, device, 'groupNode') ?? '',
    container: containerNode.path,
  };
}

interface FindHolders {
  readonly holders: readonly Holder[];
  readonly incomplete: readonly Incomplete[];
}

/**
 * Finds the processes that have the device open through its node, its group node or a device descriptor of
 * its group.
 */
export function findDeviceHolders(files: Files, root: Root, device: Device): FindHolders {
  return findHolders(files, root, [targetOf(files, root, device)]);
}

/**
 * Collects the evidence for `device` once. `paths` are the paths of the nodes, `token` says whether a VF
 * token was passed.
 */
export function gatherEvidence(
  files: Files,
  root: Root,
  device: Device,
  paths: Readonly<Record<NodeKind, string>>,
  tokenGiven: boolean,
): Evidence {
  const siblings = readSiblings(files, root, device);
  // Scan /proc once for the device and its siblings together.
  const targets: readonly (HolderTarget & { readonly of: string })[] = [
    { ...targetOf(files, root, device), of: '' },
    ...siblings.flatMap((sibling) => {
      const devnum = siblingDevnum(files, root, device, sibling);
      return devnum === undefined ? [] : [{ devnum, of: sibling.name }];
    }),
  ];
  const { holders, incomplete } = findHolders(files, root, targets);
  const heldBy = (of: string) => holders.filter((holder) => holder.target.of === of);
  const group = readFact(files, root, device, 'group');
  const pf = readFact(files, root, device, 'pf');
  const hasVfs =
    ignoring(() => files.lstat(pathBelow(root, `${device.syspath}/virtfn0`)), ...gone) !== undefined;
  const pfDriver = ignoring(
    () => files.readlink(pathBelow(root, `${device.syspath}/physfn/driver`)),
    ...gone,
  );
  const rights = parseRights(ignoring(() => files.read('/proc/self/status', 1 << 16), ...gone) ?? '');
  const mounts = ignoring(() => files.read('/proc/self/mountinfo', 1 << 20), ...gone) ?? '';
  return {
    name: device.name,
    ...(device.devnum !== undefined && { devnum: device.devnum }),
    ...(group !== undefined && { group }),
    stillBound: isBound(files, root, device),
    noIommu: isNoIommu(files, root, device, group),
    holders: heldBy(''),
    incomplete,
    siblings: siblings.map((sibling) => ({ ...sibling, holders: heldBy(sibling.name) })),
    nodes: {
      node: view(files, root, paths.node, mounts),
      iommu: view(files, root, paths.iommu, mounts),
      group: view(files, root, paths.group, mounts),
      container: view(files, root, paths.container, mounts),
    },
    ...(rights && { rights }),
    // The owner of /proc/self is our effective user. `root` is not prepended: this process does not run
    // there.
    uid: ignoring(() => files.stat('/proc/self').uid, ...gone) ?? 0,
    ...(pf !== undefined && {
      pf: { name: pf, ...(pfDriver !== undefined && { driver: pfDriver.replace(/^.*\//, '') }) },
    }),
    ...(hasVfs && { hasVfs: true }),
    tokenGiven,
  };
}

const gone = ['ENOENT', 'ENOTDIR', 'ENODEV', 'EACCES', 'EPERM', 'EINVAL'] as const;

function isBound(files: Files, root: Root, device: Device): boolean {
  // A kernel before 6.1 has no class vfio-dev.
  if (device.sysname === '') {
    const driver = ignoring(() => files.readlink(pathBelow(root, `${device.syspath}/driver`)), ...gone);
    return isVfioDriverName(driver?.replace(/^.*\//, ''));
  }
  try {
    const now = scanDevice(files, root, device.sysname);
    return now?.syspath === device.syspath && now.devnum === device.devnum;
  } catch {
    return false;
  }
}

function view(files: Files, root: Root, path: string, mounts: string): NodeAccess {
  const status = ignoring(() => files.lstat(pathBelow(root, path)), ...gone);
  const nodevMount = nodevMountOf(mounts, pathBelow(root, path));
  return {
    path,
    ...(status && { status: { mode: status.mode, uid: status.uid, gid: status.gid } }),
    ...(nodevMount !== undefined && { nodevMount }),
  };
}

function siblingDevnum(files: Files, root: Root, device: Device, sibling: Sibling): string | undefined {
  const directory = `${device.syspath}/iommu_group/devices/${sibling.name}/vfio-dev`;
  const [sysname] = ignoring(() => files.readdir(pathBelow(root, directory)), ...gone) ?? [];
  if (sysname === undefined) return undefined;
  const text = ignoring(() => files.read(pathBelow(root, `${directory}/${sysname}/dev`), 64), ...gone);
  return text?.trim();
}
