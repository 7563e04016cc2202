/** Finds the device of a NAME argument on a machine: in the scan, in the policy's links, in /dev, and in all of sysfs. */

import { type DeviceQuery, parseDeviceName } from '../devices/device-name.ts';
import { ambiguous, matchDevices, noDevice, pickDevice } from '../devices/find.ts';
import { readGroup, type Sibling } from '../devices/iommu-group.ts';
import { findClasslessDevices, groupOfDevnum, notBoundError, sysfsQuery } from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import { exitStatus, ignoring, VfioNamesError } from '../errors.ts';
import { compareClaims, isExclusive } from '../names/claims.ts';
import { pathBelow } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { findAlias } from './aliases.ts';
import type { Machine, Observation } from './observe.ts';
import { uuidsWithPrefix } from './uuid-prefix.ts';

type Place = Pick<Machine, 'files' | 'root' | 'aliases'>;

/**
 * Returns the device of `name`. Throws VfioNamesError: `ambiguous` (status 2) with the candidates, `not-bound` (3) for a
 * device with another driver, `no-vfio-class` (5) for one on a kernel before 6.1, and `no-device` (3).
 */
export function findByNameOrPath(
  machine: Place,
  seen: Pick<Observation, 'scan' | 'assignment' | 'claims'>,
  name: string,
): Device {
  const { files, root } = machine;
  const { devices } = seen.scan;
  const query = readQuery(machine, name);
  if (query.kind === 'group') return onlyDeviceOf(machine, devices, query.group, name);
  const found = matchDevices(devices, query, (link) => linkOwners(seen, link));
  // A bare number is the name of a device before it is a group.
  if (found.length === 0 && query.kind === 'name' && /^\d+$/.test(query.name) && groupOf(machine, query.name))
    return onlyDeviceOf(machine, devices, query.name, name);
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

/** The error for an alias of the policy whose device is not bound to VFIO. */
function aliasError(machine: Place, query: DeviceQuery): VfioNamesError | undefined {
  const link =
    query.kind === 'link'
      ? query.link
      : query.kind === 'qualified'
        ? `${query.bus}/${query.name}`
        : query.kind === 'name'
          ? query.name
          : undefined;
  const alias = link === undefined ? undefined : findAlias(machine, link);
  if (!alias) return undefined;
  const subject = printable(
    `${alias.link} is for ${alias.target} (${alias.source.file}:${alias.source.line})`,
  );
  const device = alias.device;
  const inner =
    device === undefined
      ? undefined
      : notBoundError(machine.files, machine.root, device, parseDeviceName(device));
  const message = inner ? `${subject}, but ${inner.message}` : `${subject}, which is not bound to VFIO`;
  return new VfioNamesError('not-bound', exitStatus.noDevice, message, {
    hint: inner?.hint ?? 'vfio-names list shows the devices that are',
    ...(device !== undefined && { device }),
  });
}

/** The error for a path to the node of a device that is not one of VFIO, and for the container of groups. */
function otherNode(query: DeviceQuery): VfioNamesError | undefined {
  if (query.kind === 'link' && query.link === 'vfio')
    return new VfioNamesError(
      'no-device',
      exitStatus.noDevice,
      'expected a device, found /dev/vfio/vfio, the container that all groups share',
      { hint: 'vfio-names list shows the devices', path: '/dev/vfio/vfio' },
    );
  if (query.kind !== 'devnum' || query.name === query.devnum) return undefined;
  return new VfioNamesError(
    'no-device',
    exitStatus.noDevice,
    `expected the node of a VFIO device at ${printable(query.name)}, found the device ${query.devnum}`,
    { hint: 'vfio-names list shows the devices', path: query.name },
  );
}

/**
 * The devices that a link means: the one that gets it, or all devices that claim an exclusive link. A device without a node
 * has no link; it is found by the link that it claims all the same, so that the error describes its node.
 */
function linkOwners(
  { assignment, claims }: Pick<Observation, 'assignment' | 'claims'>,
  link: string,
): Device[] {
  const winner = assignment.winners.get(link);
  if (winner && !isExclusive(link)) return [winner.device];
  const rivals = claims.filter((claim) => claim.link === link).sort(compareClaims);
  const devices = [...new Set(rivals.map(({ device }) => device))];
  return isExclusive(link) ? devices : devices.slice(0, 1);
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

/** The members of a group by the name of its node, `14` or `noiommu-14`. */
function groupOf({ files, root }: Place, group: string): readonly Sibling[] | undefined {
  return readGroup(files, root, group.replace(/^noiommu-/, ''));
}

/** Returns the only VFIO device of the group. Throws an error that names all its devices if there are several, or none. */
function onlyDeviceOf(machine: Place, devices: readonly Device[], group: string, name: string): Device {
  const members = groupOf(machine, group);
  if (members === undefined)
    throw new VfioNamesError(
      'no-device',
      exitStatus.noDevice,
      `expected an IOMMU group at ${printable(name)}, found no group ${group.replace(/^noiommu-/, '')}`,
      { hint: 'vfio-names list shows the groups of the devices', device: name },
    );
  const found = devices.filter((device) =>
    members.some((member) => member.bus === device.bus && member.name === device.name),
  );
  const [only, ...others] = found;
  if (only && others.length === 0) return only;
  const texts = members.map(({ bus, name: member, driver }) =>
    printable(`${bus}/${member} (${driver ?? 'no driver'})`),
  );
  const subject = `${printable(name)} is IOMMU group ${group.replace(/^noiommu-/, '')}`;
  if (found.length > 1) throw ambiguous(`${subject} with ${members.length} devices`, texts);
  throw new VfioNamesError(
    'not-bound',
    exitStatus.noDevice,
    `${subject}, and VFIO lists none of its devices: ${texts.join(', ') || 'it is empty'}`,
    { hint: 'name one of them to see why', device: name },
  );
}
