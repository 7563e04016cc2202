/** Finds the device of a NAME argument whatever driver it has, for its name alone: no node of it is used. */
import { listBusDevices } from '../devices/bus-devices.ts';
import { linkOfQuery, parseDeviceName } from '../devices/device-name.ts';
import { pickDevice } from '../devices/find.ts';
import { classlessDevice, findHostDevices, sysfsQuery } from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import { exitStatus, VfioNamesError } from '../errors.ts';
import { knownBuses } from '../names/scheme.ts';
import { findMember, type Place, type Seen } from './find.ts';
import { ownersByPolicy } from './link-owners.ts';

/**
 * Returns the device of `name`: one that a driver of VFIO has, else one of those buses that VFIO has drivers for, by its
 * name, its directory in sysfs, or a link that the policy would give it. Throws `ambiguous` (status 2), and, if there is none, what
 * findByNameOrPath throws.
 */
export function findAnyDevice(machine: Place, seen: Seen, name: string): Device {
  try {
    return findMember(machine, seen, name);
  } catch (error) {
    if (!(error instanceof VfioNamesError) || error.status !== exitStatus.noDevice) throw error;
    return pickDevice(unbound(machine, name), name, () => error);
  }
}

function unbound({ files, root, policyNames }: Place, name: string): readonly Device[] {
  const parsed = parseDeviceName(name);
  const query = parsed.kind === 'sysfs' ? sysfsQuery(files, root, parsed.path) : parsed;
  const hosts = findHostDevices(files, root, query);
  if (hosts.length > 0) return hosts.map(classlessDevice);
  const link = linkOfQuery(query);
  if (link === undefined || !policyNames) return [];
  const devices = knownBuses.flatMap((bus) => listBusDevices(files, root, bus));
  return ownersByPolicy(policyNames, devices, link);
}
