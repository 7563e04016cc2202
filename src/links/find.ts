/** Finds the device of a NAME argument on a machine: in the scan, in the policy's links, in /dev, and in all of sysfs. */

import { type DeviceQuery, parseDeviceName } from '../devices/device-name.ts';
import { ambiguous, matchDevices, noDevice, pickDevice } from '../devices/find.ts';
import { readGroup } from '../devices/iommu-group.ts';
import {
  classlessDevice,
  findClasslessDevices,
  findHostDevices,
  groupOfDevnum,
  notBoundError,
  sysfsQuery,
} from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import { exitStatus, ignoring, tryOrUndefined, VfioNamesError } from '../errors.ts';
import { pathBelow } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import { aliasError, emptyGroupError, otherNode, severalMembersError } from './find-errors.ts';
import { classlessOwners, linkOwners } from './link-owners.ts';
import type { Machine, Observation } from './observe.ts';
import { uuidsWithPrefix } from './uuid-prefix.ts';

/** What a search reads. */
export type Place = Pick<Machine, 'files' | 'root' | 'aliases' | 'policyNames'>;

/** What a search has of the scan. */
export type Seen = Pick<Observation, 'scan' | 'assignment' | 'claims'>;

/**
 * Returns the device of `name`. Throws VfioNamesError: `ambiguous` (status 2) with the candidates, `not-bound` (3) for a
 * device with another driver, `no-vfio-class` (5) for one on a kernel before 6.1, and `no-device` (3).
 */
export function findByNameOrPath(machine: Place, seen: Seen, name: string): Device {
  const { files, root } = machine;
  const { devices } = seen.scan;
  const group = findGroupNumber(machine, seen, name);
  if (group !== undefined) return onlyDeviceOf(machine, devices, group, name);
  const query = readQuery(machine, name);
  const found = matchDevices(devices, query, (link) => linkOwners(machine, seen, link));
  return pickDevice(found, name, () => {
    const other = notBoundError(files, root, name, query) ?? otherNode(query) ?? aliasError(machine, query);
    if (other) throw other;
    const [uuid, ...uuids] = uuidsWithPrefix(machine, devices, query);
    if (uuids.length > 0)
      throw ambiguous(
        `${printable(name)} fits ${uuids.length + 1} devices`,
        [uuid, ...uuids].map((each) => printable(`mdev/${each}`)),
      );
    return uuid === undefined
      ? noDevice(name, devices.length > 0 || findClasslessDevices(files, root).length > 0)
      : findByNameOrPath(machine, seen, uuid);
  });
}

/** What follows the name of a device that stands for its whole group: `0000:01:00.0+group`. */
const groupSuffix = '+group';

/** Whether `name` means all devices of a group, not one of them. */
export function isWholeGroup(name: string): boolean {
  return name.trim().endsWith(groupSuffix);
}

/**
 * Returns the number of the IOMMU group that `name` means as a whole: `/dev/vfio/14`, `group:14`, a link below
 * /dev/vfio/groups, or a device and `+group`. `undefined` if it means one device, or nothing. Throws VfioNamesError `no-group`
 * (status 5), and for the device before `+group` what findByNameOrPath throws.
 */
export function findGroupNumber(machine: Place, seen: Seen, name: string): string | undefined {
  if (isWholeGroup(name)) {
    const member = name.trim().slice(0, -groupSuffix.length);
    return findGroupNumber(machine, seen, member) ?? groupOfDevice(machine, seen, member);
  }
  const query = readQuery(machine, name);
  if (query.kind === 'group') return query.group.replace(/^noiommu-/, '');
  const link = groupLinkOf(query);
  if (link !== undefined) return groupOfLink(machine, seen, link, name);
  // A bare number is the name of a device before it is a group.
  if (
    query.kind !== 'name' ||
    !/^\d+$/.test(query.name) ||
    !readGroup(machine.files, machine.root, query.name)
  )
    return undefined;
  const found = matchDevices(seen.scan.devices, query, (owned) => linkOwners(machine, seen, owned));
  return found.length === 0 ? query.name : undefined;
}

function groupOfDevice(machine: Place, seen: Seen, name: string): string {
  const { syspath } = findMember(machine, seen, name);
  const group = readGroupNumber(machine, syspath);
  if (group !== undefined) return group;
  throw new VfioNamesError(
    'no-group',
    exitStatus.unsupported,
    `expected an IOMMU group of ${printable(name)}, found none`,
    { hint: 'enable the IOMMU in the firmware and the kernel', device: name },
  );
}

/**
 * Returns the device of `name`, on kernels before 6.1, too, where its sysname is empty. Throws the other errors of
 * findByNameOrPath.
 */
export function findMember(machine: Place, seen: Seen, name: string): Device {
  try {
    return findByNameOrPath(machine, seen, name);
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    const query = readQuery(machine, name);
    const classless = findClasslessDevices(machine.files, machine.root);
    const [host] =
      error.code === 'no-vfio-class'
        ? findHostDevices(machine.files, machine.root, query)
        : classlessOwners(machine, classless, query);
    if (!host) throw error;
    return classlessDevice(host);
  }
}

function readGroupNumber({ files, root }: Place, syspath: string): string | undefined {
  const link = tryOrUndefined(() => files.readlink(pathBelow(root, `${syspath}/iommu_group`)));
  return link === undefined ? undefined : baseName(link);
}

/** The name below `groups/` of a link to a group node: `pci/0000:01:00.0`. */
function groupLinkOf(query: DeviceQuery): string | undefined {
  if (query.kind === 'qualified' && query.bus === 'groups') return query.name;
  return query.kind === 'link' && query.link.startsWith('groups/')
    ? query.link.slice('groups/'.length)
    : undefined;
}

/** The group of the device that the link names, whatever driver it has; `undefined` if there is no such device. */
function groupOfLink(machine: Place, seen: Seen, link: string, name: string): string | undefined {
  const { files, root } = machine;
  const query: DeviceQuery = { kind: 'link', link };
  const bound = matchDevices(seen.scan.devices, query, (owned) => linkOwners(machine, seen, owned));
  const hosts = bound.length > 0 ? bound : findHostDevices(files, root, query);
  const devices =
    hosts.length > 0 ? hosts : classlessOwners(machine, findClasslessDevices(files, root), query);
  const groups = new Set(devices.flatMap(({ syspath }) => readGroupNumber(machine, syspath) ?? []));
  if (groups.size > 1)
    throw ambiguous(
      `${printable(name)} fits ${devices.length} devices`,
      devices.map((device) => printable(`${device.bus}/${device.name}`)),
    );
  return [...groups][0];
}

/** Parses NAME, and reads what a path leads to: the device number of a node, the directory behind links in /sys. */
function readQuery(machine: Place, name: string): DeviceQuery {
  const { files, root } = machine;
  const query = parseDeviceName(name);
  if (query.kind === 'sysfs') return sysfsQuery(files, root, query.path);
  const devnum = query.kind === 'path' ? devnumAt(machine, query.path) : undefined;
  const number = query.kind === 'devnum' ? query.devnum : devnum;
  const group = number === undefined ? undefined : groupOfDevnum(files, root, number);
  if (group !== undefined) return { kind: 'group', group };
  return devnum === undefined ? query : { kind: 'devnum', devnum, name };
}

function devnumAt({ files, root }: Place, path: string): string {
  const status = ignoring(() => files.stat(pathBelow(root, path)), 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP');
  if (status?.kind === 'char' && status.devnum !== undefined) return status.devnum;
  const found = status
    ? `a ${status.kind === 'file' ? 'regular file' : status.kind}`
    : 'nothing that can be read';
  throw new VfioNamesError(
    'no-device',
    exitStatus.noDevice,
    `expected a device node at ${printable(path)}, found ${found}`,
    { hint: 'use a node, a link to one, or a directory in /sys', path },
  );
}

/** Returns the only VFIO device of the group. Throws an error that names all its devices if there are several, or none. */
function onlyDeviceOf(machine: Place, devices: readonly Device[], group: string, name: string): Device {
  const members = readGroup(machine.files, machine.root, group);
  const found = devices.filter((device) =>
    members?.some((member) => member.bus === device.bus && member.name === device.name),
  );
  const [only, ...others] = found;
  if (!only || !members) throw emptyGroupError(members, group, name);
  if (others.length > 0) throw severalMembersError(members, group, name);
  return only;
}
