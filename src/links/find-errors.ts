/** The errors for a NAME that is not one device: what it leads to in place of one. */

import { type DeviceQuery, linkOfQuery, parseDeviceName } from '../devices/device-name.ts';
import { ambiguous } from '../devices/find.ts';
import type { Sibling } from '../devices/iommu-group.ts';
import { notBoundError } from '../devices/not-bound.ts';
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { findAlias } from './aliases.ts';
import type { Machine } from './observe.ts';

/** The error for an alias of the policy whose device is not bound to VFIO. */
export function aliasError(
  machine: Pick<Machine, 'files' | 'root' | 'aliases'>,
  query: DeviceQuery,
): VfioNamesError | undefined {
  const link = linkOfQuery(query);
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
export function otherNode(query: DeviceQuery): VfioNamesError | undefined {
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

/** The error `ambiguous` (status 2) for a group where one device is expected: lists all its members. */
export function severalMembersError(
  members: readonly Sibling[],
  group: string,
  name: string,
): VfioNamesError {
  const subject = `${printable(name)} is IOMMU group ${group} with ${members.length} devices`;
  return ambiguous(subject, members.map(formatMember));
}

function formatMember({ bus, name, driver }: Sibling): string {
  return printable(`${bus}/${name} (${driver ?? 'no driver'})`);
}

/**
 * The error for a group that does not exist (`members` is `undefined`), or of which VFIO lists no device: `no-device` or
 * `not-bound` (status 3).
 */
export function emptyGroupError(
  members: readonly Sibling[] | undefined,
  group: string,
  name: string,
): VfioNamesError {
  return members === undefined
    ? new VfioNamesError(
        'no-device',
        exitStatus.noDevice,
        `expected an IOMMU group at ${printable(name)}, found no group ${printable(group)}`,
        { hint: 'vfio-names list shows the groups of the devices', device: name },
      )
    : new VfioNamesError(
        'not-bound',
        exitStatus.noDevice,
        `${printable(name)} is IOMMU group ${group}, and VFIO lists none of its devices: ${members.map(formatMember).join(', ') || 'it is empty'}`,
        { hint: 'name one of them to see why', device: name },
      );
}
