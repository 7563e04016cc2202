/** Reads the groups that have a node, `/dev/vfio/14` or `/dev/vfio/noiommu-14`, and the members of each. */
import {
  describeErrno,
  errnoOf,
  exitStatus,
  explainErrno,
  ifReadable,
  ignoring,
  tryOrUndefined,
  VfioNamesError,
  withHint,
} from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { type GroupMember, type MemberScan, readGroupMembers } from './iommu-group.ts';
import { compareDevices, sortNatural } from './order.ts';
import { goneProblem } from './scan.ts';
import type { Device, Problem } from './types.ts';

/** An IOMMU group that VFIO has registered: a driver of VFIO has at least one of its members. */
export interface VfioGroup {
  /** The number of the IOMMU group, `14`. */
  readonly number: string;
  /** The name of its node in /dev/vfio: `14`, or `noiommu-14` for a device without an IOMMU. */
  readonly node: string;
  /** `MAJOR:MINOR` of the node, from sysfs. */
  readonly devnum: string;
  /** All devices of the group, bridges and those of other drivers included, sorted; empty if they cannot be read. */
  readonly members: readonly GroupMember[];
}

export interface GroupScan {
  /** Sorted by node. */
  readonly groups: readonly VfioGroup[];
  readonly problems: readonly Problem[];
  /** How many of the problems are not only that a group went away while it was read. */
  readonly unreadableCount: number;
}

/** Where the kernel lists the groups that have a node (vfio_group_init in drivers/vfio/group.c). */
const groupClass = '/sys/class/vfio';

/** Parses the name of a group node: the kernel's numbers are ints. `undefined` for any other text. */
export function parseGroupNode(
  node: string,
): { readonly number: string; readonly noIommu: boolean } | undefined {
  const [, prefix, number] = /^(noiommu-)?(0|[1-9]\d{0,9})$/.exec(node) ?? [];
  return number === undefined ? undefined : { number, noIommu: prefix !== undefined };
}

/** The path of a group's node as the kernel names it: `/dev/vfio/14`. */
export function groupNodePath({ node }: Pick<VfioGroup, 'node'>): string {
  return `/dev/vfio/${node}`;
}

/** Whether the group is of a device without an IOMMU, so that its node gives no isolation. */
export function isNoIommuGroup({ node }: Pick<VfioGroup, 'node'>): boolean {
  return node.startsWith('noiommu-');
}

/** The members that a driver of VFIO has: what the group gives to the one who opens its node. */
export function boundMembers({ members }: Pick<VfioGroup, 'members'>): readonly GroupMember[] {
  return members.filter(({ sharing }) => sharing === 'vfio');
}

/** The members that have names: all except bridges, which VFIO binds to no driver, whatever driver the others have. */
export function namedMembers({ members }: Pick<VfioGroup, 'members'>): readonly GroupMember[] {
  return members.filter(({ bridge }) => !bridge);
}

/** The devices of a scan that are members of the group, in the order of the scan. */
export function devicesOfGroup(group: VfioGroup, devices: readonly Device[]): readonly Device[] {
  const names = new Set(group.members.map(memberKey));
  return devices.filter((device) => names.has(memberKey(device)));
}

/** The group of each member, by memberKey(). */
export function groupsByMember(groups: readonly VfioGroup[]): ReadonlyMap<string, VfioGroup> {
  return new Map(
    groups.flatMap((group) => group.members.map((member) => [memberKey(member), group] as const)),
  );
}

/** What no other device of a scan has: `vfioN`, or `pci/0000:01:00.0` on a kernel without the class vfio-dev. */
export function deviceKey(device: Device): string {
  return device.sysname === '' ? memberKey(device) : device.sysname;
}

/** `pci/0000:01:00.0`. */
export function memberKey({ bus, name }: Pick<Device, 'bus' | 'name'>): string {
  return `${bus}/${name}`;
}

/**
 * Whether this kernel gives no device a node of its own, by what does not change while it runs: it has no class vfio-dev
 * (before Linux 6.1), no iommufd, which such nodes need, or no range of device numbers for them (vfio_cdev_init in
 * drivers/vfio/device_cdev.c). False if nothing shows it.
 */
export function hasNoDeviceNodes(files: Files, root: Root): boolean {
  const exists = (path: string) =>
    ignoring(() => files.lstat(pathBelow(root, path)), 'ENOENT', 'ENOTDIR', 'EACCES') !== undefined;
  if (!exists('/sys/class/vfio-dev') || !exists('/sys/class/misc/iommu')) return true;
  const numbers = tryOrUndefined(() => files.read(pathBelow(root, '/proc/devices'), 1 << 16)) ?? '';
  return /^ *\d+ vfio$/m.test(numbers) && !/^ *\d+ vfio-dev$/m.test(numbers);
}

interface GroupResult {
  readonly group: VfioGroup;
  /** Why members are missing in `group`; absent if all could be read. */
  readonly problem?: Problem;
}

/** The names of the nodes that the kernel lists, `14` and `noiommu-14`. Throws the errno of a directory that cannot be read. */
export function listGroupNodes(files: Files, root: Root): readonly string[] {
  return files.readdir(pathBelow(root, groupClass)).filter((node) => parseGroupNode(node) !== undefined);
}

/** The device number of a group's node; returns and throws as readVfioGroup(). */
export function readGroupDevnum(files: Files, root: Root, node: string): string | undefined {
  if (!parseGroupNode(node)) return undefined;
  const path = `${groupClass}/${node}/dev`;
  const text = ignoring(() => files.read(pathBelow(root, path), 64), 'ENOENT', 'ENODEV', 'ENOTDIR');
  if (text === undefined) return undefined;
  const devnum = parseDevnum(text);
  if (devnum !== undefined) return devnum;
  throw new VfioNamesError(
    'malformed',
    exitStatus.findings,
    printable(`expected MAJOR:MINOR at ${path}, found ${text.trimEnd() || 'nothing'}`),
    { path },
  );
}

/** The device number of a group's node; `undefined` if there is none, or none that can be read. */
export function tryGroupDevnum(files: Files, root: Root, node: string): string | undefined {
  return ifReadable(() => readGroupDevnum(files, root, node));
}

/**
 * Reads the group with this node. Returns `undefined` if there is no such group, or if it disappears meanwhile. Throws
 * VfioNamesError `malformed` (status 1) for a device number in another form, and the errno of a file that cannot be read.
 */
export function readVfioGroup(files: Files, root: Root, node: string): GroupResult | undefined {
  const number = parseGroupNode(node)?.number;
  const devnum = readGroupDevnum(files, root, node);
  if (number === undefined || devnum === undefined) return undefined;
  const directory = `/sys/kernel/iommu_groups/${number}/devices`;
  const { members, unreadable } = readGroupMembers(files, root, number);
  const group = { number, node, devnum, members: [...members].sort(compareDevices) };
  if (unreadable.length === 0) return { group };
  // VFIO removes the node before the kernel removes the group with the list of its members.
  if (readGroupDevnum(files, root, node) !== devnum) return undefined;
  return {
    group,
    problem: { file: directory, message: unreadableMembers(unreadable, groupNodePath(group)) },
  };
}

function unreadableMembers(unreadable: MemberScan['unreadable'], path: string): string {
  const [first] = unreadable;
  if (first?.name === undefined)
    return `could not read the members of the group: ${explainErrno(first?.reason ?? '')}; no device gets a name for ${path}`;
  const more = unreadable.length > 1 ? ` and ${unreadable.length - 1} more` : '';
  const verb = unreadable.length > 1 ? 'they get' : 'it gets';
  return `could not read ${printable(first.name)}${more}: ${explainErrno(first.reason)}; ${verb} no name for ${path}`;
}

/**
 * Reads all groups that have a node below `root`. A group or member that cannot be read becomes one problem of the scan; a
 * group without readable members stays in the result, without members. Empty without VFIO, or with a kernel without
 * CONFIG_VFIO_GROUP.
 */
export function scanGroups(files: Files, root: Root): GroupScan {
  const groups: VfioGroup[] = [];
  const problems: Problem[] = [];
  let unreadableCount = 0;
  let nodes: readonly string[] = [];
  try {
    nodes = files.readdir(pathBelow(root, groupClass));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    if (errnoOf(error) !== 'ENOENT') {
      unreadableCount++;
      problems.push({ file: groupClass, message: `${explainErrno(describeErrno(error) ?? '')}, ignoring` });
    }
  }
  const seen = new Set<string>();
  for (const node of sortNatural([...nodes])) {
    const file = `${groupClass}/${node}`;
    try {
      const number = parseGroupNode(node)?.number;
      if (number === undefined || seen.has(number)) {
        unreadableCount++;
        const what = number === undefined ? 'the number of a group' : `one node of group ${number}`;
        problems.push({ file, message: `expected ${what}, found another name, ignoring` });
        continue;
      }
      const found = readVfioGroup(files, root, node);
      if (!found) {
        problems.push(goneProblem(file));
        continue;
      }
      seen.add(number);
      groups.push(found.group);
      if (found.problem) {
        unreadableCount++;
        problems.push(found.problem);
      }
    } catch (error) {
      const reason = error instanceof VfioNamesError ? withHint(error) : describeErrno(error);
      if (reason === undefined) throw error;
      unreadableCount++;
      problems.push({ file, message: `${explainErrno(reason)}, ignoring` });
    }
  }
  return { groups, problems, unreadableCount };
}
