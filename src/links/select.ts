/** The devices that a NAME means together: one, or all of a group that drivers of VFIO have. */

import type { VfioGroup } from '../devices/groups.ts';
import { readGroup, readGroupMembers } from '../devices/iommu-group.ts';
import { boundDevices } from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import type { VfioNamesError } from '../errors.ts';
import { findByNameOrPath, findGroupNumber, findMember, type Place, type Seen } from './find.ts';
import { emptyGroupError } from './find-errors.ts';
import { notViableError } from './resolve-group.ts';

export interface Selection {
  /** One or more; of a group, in the order of its members. */
  readonly devices: readonly Device[];
  /** The group, if NAME means a group. */
  readonly group?: Pick<VfioGroup, 'number' | 'members'>;
  /** What keeps the group closed, if NAME means a group: see notViableError(). */
  readonly closed?: VfioNamesError;
}

/**
 * Returns the devices of `name`: of `/dev/vfio/14`, `group:14`, a link below /dev/vfio/groups and `NAME+group`, all members of
 * the group that drivers of VFIO have. Throws what findByNameOrPath throws, and `no-group` (status 5).
 */
export function findSelection(machine: Place, seen: Seen, name: string): Selection {
  const number = findGroupNumber(machine, seen, name);
  if (number === undefined) return { devices: [findMember(machine, seen, name)] };
  const { files, root } = machine;
  const { members } = readGroupMembers(files, root, number);
  const bound = boundDevices(files, root, seen.scan.devices);
  const byPath = new Map(bound.map((device) => [device.syspath, device]));
  const devices = members.flatMap(({ syspath }) => byPath.get(syspath) ?? []);
  if (devices.length === 0) throw emptyGroupError(readGroup(files, root, number), number, name);
  const group = { number, members };
  const closed = notViableError(group);
  return { devices, group, ...(closed && { closed }) };
}

/**
 * Returns the devices of the scan that `name` means: one, or those of a group. Throws what findByNameOrPath throws, also for
 * a device that the scan of a kernel before 6.1 does not list.
 */
export function findScanned(machine: Place, seen: Seen, name: string): readonly Device[] {
  const found =
    findGroupNumber(machine, seen, name) === undefined ? [] : findSelection(machine, seen, name).devices;
  const scanned = found.filter((device) => seen.scan.devices.includes(device));
  return scanned.length > 0 ? scanned : [findByNameOrPath(machine, seen, name)];
}
