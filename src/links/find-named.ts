/** Finds the device of a NAME that may also be a path to a node anywhere: one stat, then its devnum decides. */
import type { Device } from '../devices/device.ts';
import { findDevice } from '../devices/find.ts';
import { parseQuery } from '../devices/query.ts';
import { attempt, exitStatus, VfioNamesError } from '../errors.ts';
import { type Claim, weigh } from '../names/desire.ts';
import { at } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import type { Machine, Observation } from './observe.ts';

/** The device that `name` asks for; the errors are those of findDevice, and `no-device` for a path that is no device node. */
export function findNamed(
  machine: Pick<Machine, 'files' | 'root'>,
  seen: Pick<Observation, 'scan' | 'desired' | 'claims'>,
  name: string,
): Device {
  const query = parseQuery(name);
  const asked = query.form === 'path' ? devnumAt(machine, query.path) : name;
  return findDevice(
    seen.scan.devices,
    asked,
    (link) => (seen.desired.wanted.get(link) ?? claimOn(seen, link))?.device,
  );
}

/** Without its node a device has no name, but whoever asks by the name shall hear what is wrong with the node. */
function claimOn({ claims }: Pick<Observation, 'claims'>, link: string): Claim | undefined {
  return claims.filter((claim) => claim.link === link).sort(weigh)[0];
}

function devnumAt({ files, root }: Pick<Machine, 'files' | 'root'>, path: string): string {
  const status = attempt(() => files.stat(at(root, path)), 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP');
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
