/**
 * Finds the device of a NAME, which may also be the path of any node; a path is resolved to its device number with
 * stat(2).
 */
import type { Device } from '../devices/device.ts';
import { findDevice } from '../devices/find.ts';
import { parseDeviceName } from '../devices/query.ts';
import { exitStatus, ignoring, VfioNamesError } from '../errors.ts';
import { type Claim, compareClaims } from '../names/desire.ts';
import { pathBelow } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import type { Machine, Observation } from './observe.ts';

/**
 * Returns the device of `name`. Throws what findDevice throws, and `no-device` for a path that is not a device node.
 */
export function findByNameOrPath(
  machine: Pick<Machine, 'files' | 'root'>,
  seen: Pick<Observation, 'scan' | 'assignment' | 'claims'>,
  name: string,
): Device {
  const query = parseDeviceName(name);
  const target = query.kind === 'path' ? devnumAt(machine, query.path) : name;
  return findDevice(
    seen.scan.devices,
    target,
    (link) => (seen.assignment.winners.get(link) ?? claimOn(seen, link))?.device,
  );
}

/**
 * A device without a node has no link; it is found by the claimed link all the same, so that the error describes its
 * node.
 */
function claimOn({ claims }: Pick<Observation, 'claims'>, link: string): Claim | undefined {
  return claims.filter((claim) => claim.link === link).sort(compareClaims)[0];
}

function devnumAt({ files, root }: Pick<Machine, 'files' | 'root'>, path: string): string {
  const status = ignoring(() => files.stat(pathBelow(root, path)), 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP');
  if (status?.kind === 'char' && status.devnum !== undefined) return status.devnum;
  const found = status
    ? `a ${status.kind === 'file' ? 'regular file' : status.kind}`
    : 'nothing that can be read';
  throw new VfioNamesError(
    'no-device',
    exitStatus.noDevice,
    `expected a device node at ${printable(path)}, found ${found}; give a node, a link to one, or a directory in /sys`,
    { path },
  );
}
