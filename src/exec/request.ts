/** The devices that `exec` opens, and the numbers that their descriptors have in CMD. */
import { findOneDevice } from '../devices/find-one.ts';
import type { Device } from '../devices/types.ts';
import { type Machine, observe } from '../links/observe.ts';
import { notViableError, resolveGroup } from '../links/resolve-group.ts';
import { findSelection } from '../links/select.ts';
import { groupLink, schemeLink } from '../names/scheme.ts';
import type { PassedDevice, PassedFds } from './placeholders.ts';
import { FIRST_FD } from './replace-process.ts';

export interface Requested {
  readonly device: Device;
  /** The operands that name it. */
  readonly names: readonly string[];
}

/**
 * Each requested device once, with all operands that name it. Throws the errors of findSelection, and `group-not-viable`
 * (status 1) for an operand that means a group which cannot be used.
 */
export function findRequested(machine: Machine, operands: readonly string[]): Requested[] {
  const requested = new Map<string, Requested>();
  for (const operand of operands) {
    const whole = findOneDevice(machine.files, machine.root, operand);
    const { devices, closed } = whole
      ? { devices: [whole] }
      : findSelection(machine, observe(machine), operand);
    if (closed) throw closed;
    for (const device of devices) {
      const names = requested.get(device.syspath)?.names ?? [];
      requested.set(device.syspath, { device, names: [...names, operand] });
    }
  }
  return [...requested.values()];
}

/** One descriptor for each device. */
export function passDevices(requested: readonly Requested[], withIommu: boolean): PassedFds {
  const devices = requested.map(({ device, names }, index): PassedDevice => {
    const label = schemeLink(device) ?? device.sysname;
    return { fd: FIRST_FD + index, label, names: [...names, device.name, label, device.sysname] };
  });
  return { kind: 'fd', devices, ...(withIommu && { iommufd: FIRST_FD + devices.length }) };
}

/** The devices of one group, which share a descriptor. */
export type RequestedGroup = readonly [Requested, ...Requested[]];

/**
 * The groups of the devices, in the order of their first device. Throws the errors of resolveGroup, and `group-not-viable`
 * (status 1) if a driver of the host has a member.
 */
export function findGroups({ files, root }: Machine, requested: readonly Requested[]): RequestedGroup[] {
  const groups = new Map<string, RequestedGroup>();
  for (const each of requested) {
    const { group } = resolveGroup(files, root, each.device);
    const closed = notViableError(group);
    if (closed) throw closed;
    const others = groups.get(group.node);
    groups.set(group.node, others ? [...others, each] : [each]);
  }
  return [...groups.values()];
}

/** One descriptor for each group, then that of the container, or that of /dev/iommu, which takes its place. */
export function passGroups(groups: readonly RequestedGroup[], withIommu: boolean): PassedFds {
  const devices = groups.flatMap((members, index) =>
    members.map(({ device, names }): PassedDevice => {
      const label = groupLink(device) ?? `groups/${device.sysname}`;
      // Before Linux 6.1, a device has no sysname.
      const known = [device.name, `${device.bus}/${device.name}`, label, device.sysname].filter(Boolean);
      return { fd: FIRST_FD + index, label, names: [...names, ...known] };
    }),
  );
  const shared = FIRST_FD + groups.length;
  return { kind: 'groupfd', devices, ...(withIommu ? { iommufd: shared } : { containerfd: shared }) };
}
