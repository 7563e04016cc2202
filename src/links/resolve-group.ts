/**
 * Resolves a device to the node of its IOMMU group: reads sysfs, opens the node, compares device numbers, re-reads that the
 * device is a member. Never follows links in /dev/vfio.
 */

import { groupNodePath, readGroupDevnum, readVfioGroup, type VfioGroup } from '../devices/groups.ts';
import { isVfioDriverName, readGroupMembers } from '../devices/iommu-group.ts';
import type { Device } from '../devices/types.ts';
import { exitStatus, explainErrno, isPermissionErrno, tryOrUndefined, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import { checkNode } from './node-check.ts';
import { describeNodeCheck, nodeError } from './resolve.ts';

/** What identifies a device on every kernel, also on one without the class vfio-dev. */
export type Member = Pick<Device, 'bus' | 'name' | 'syspath'>;

export interface GroupResolution {
  readonly group: VfioGroup;
  /** The verified path: `/dev/vfio/14`. */
  readonly nodePath: string;
  readonly devnum: string;
}

/**
 * Returns the verified node of the device's group. Throws VfioNamesError: `no-group` and `no-group-node` (status 5),
 * `device-changed` (status 3: the device is not bound to VFIO any more, or in another group), `not-permitted` (status 4),
 * `node-missing` and `node-mismatch` (status 1).
 */
export function resolveGroup(files: Files, root: Root, device: Member): GroupResolution {
  const group = readGroupOf(files, root, device);
  const nodePath = groupNodePath(group);
  const check = checkNode(files, root, nodePath, group);
  assertMember(files, root, device, group);
  if (check.verdict !== 'ok')
    throw nodeError(device, check, describeNodeCheck(nodePath, check, group.devnum), nodePath);
  return { group, nodePath, devnum: group.devnum };
}

/** Reads the group of the device that has a node. Throws as resolveGroup does. */
function readGroupOf(files: Files, root: Root, device: Member): VfioGroup {
  const link = tryOrUndefined(() => files.readlink(pathBelow(root, `${device.syspath}/iommu_group`)));
  const number = link === undefined ? undefined : baseName(link);
  const found =
    number === undefined
      ? undefined
      : (readVfioGroup(files, root, number) ?? readVfioGroup(files, root, `noiommu-${number}`));
  if (found) return found.group;
  if (!isBoundNow(files, root, device)) throw deviceChanged(device, 'it is not bound to VFIO any more');
  const name = printable(device.name);
  if (number === undefined)
    throw new VfioNamesError(
      'no-group',
      exitStatus.unsupported,
      `expected an IOMMU group of ${name}, found none`,
      { hint: 'enable the IOMMU in the firmware and the kernel', device: device.name },
    );
  throw new VfioNamesError(
    'no-group-node',
    exitStatus.unsupported,
    `expected a node of IOMMU group ${printable(number)}, found no group of ${name} in /sys/class/vfio`,
    { hint: 'use --interface cdev, or a kernel with CONFIG_VFIO_GROUP', device: device.name },
  );
}

/**
 * Re-reads sysfs. Throws `device-changed` (status 3) unless the group has the same node, and the device is a member that a
 * driver of VFIO has; and the errno if the members cannot be read (status 4 without the permission, else 1).
 */
export function assertMember(files: Files, root: Root, device: Member, group: VfioGroup): void {
  const devnum = readGroupDevnum(files, root, group.node);
  const { members, unreadable } = readGroupMembers(files, root, group.number);
  const member = members.find(({ syspath }) => syspath === device.syspath);
  if (devnum === group.devnum && member?.sharing === 'vfio') return;
  // Without the directory, the group is gone.
  const problem = unreadable.find(
    ({ name, reason }) => (name === undefined || name === device.name) && reason !== 'ENOENT',
  );
  if (member === undefined && problem) throw unreadableMember(device, group, problem.reason);
  throw deviceChanged(
    device,
    member === undefined
      ? `it is not in IOMMU group ${group.number} any more`
      : member.sharing === 'vfio'
        ? `${groupNodePath(group)} has another device number now`
        : `it is bound to ${printable(member.driver ?? 'no driver')} now`,
  );
}

function unreadableMember({ name }: Member, { number }: VfioGroup, reason: string): VfioNamesError {
  const denied = isPermissionErrno(reason);
  return new VfioNamesError(
    denied ? 'not-permitted' : 'group-unreadable',
    denied ? exitStatus.notPermitted : exitStatus.findings,
    `could not read whether ${printable(name)} is in IOMMU group ${number}: ${printable(explainErrno(reason))}`,
    {
      hint: denied ? 'run it as root' : 'look at that directory',
      device: name,
      path: `/sys/kernel/iommu_groups/${number}/devices`,
    },
  );
}

function isBoundNow(files: Files, root: Root, { syspath }: Member): boolean {
  const at = (path: string) => pathBelow(root, `${syspath}/${path}`);
  const driver = tryOrUndefined(() => files.readlink(at('driver')));
  return (
    isVfioDriverName(driver && baseName(driver)) ||
    tryOrUndefined(() => files.readdir(at('vfio-dev'))) !== undefined
  );
}

function deviceChanged({ name }: Member, found: string): VfioNamesError {
  return new VfioNamesError(
    'device-changed',
    exitStatus.noDevice,
    `expected ${printable(name)} to stay bound while it was resolved, but ${found}`,
    { hint: 'try again', device: name },
  );
}

/**
 * The error `group-not-viable` (status 1) if drivers of the host have members of the group, so that nobody can use the
 * others; `undefined` if the group can be used.
 */
export function notViableError({
  number,
  members,
}: Pick<VfioGroup, 'number' | 'members'>): VfioNamesError | undefined {
  const blocking = members.filter((member) => !member.bridge && member.sharing === 'blocking');
  if (blocking.length === 0) return undefined;
  const shown = blocking.slice(0, 3).map(({ name, driver = '?' }) => printable(`${name} (${driver})`));
  const rest = blocking.length > 3 ? ` and ${blocking.length - 3} more` : '';
  return new VfioNamesError(
    'group-not-viable',
    exitStatus.findings,
    `IOMMU group ${number} is not viable: ${shown.join(', ')}${rest} ${blocking.length === 1 ? 'is' : 'are'} bound to ${blocking.length === 1 ? 'a driver' : 'drivers'} of the host`,
    { hint: `bind ${blocking.length === 1 ? 'it' : 'them'} to vfio-pci, too, or to no driver` },
  );
}
