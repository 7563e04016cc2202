/** Finds a mediated device by the first digits of its UUID, as people copy them from a table. */
import type { DeviceQuery } from '../devices/device-name.ts';
import { isUuid } from '../devices/facts/mdev.ts';
import { compareNatural } from '../devices/order.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { pathBelow } from '../system/root-path.ts';
import type { Machine } from './observe.ts';

/**
 * Four digits or more; all that precedes the rest of a UUID. A decimal number of fewer than eight digits is that of a group,
 * which may be gone: another device than the one that was meant must not take its place.
 */
const PREFIX = /^(?:(?!\d{4,7}$)[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,26})$/;

/** After `mdev/`, no number is that of a group. */
const QUALIFIED_PREFIX = /^(?:[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,26})$/;

/**
 * Returns the UUIDs that begin with the NAME of the query, sorted: those of VFIO devices, and those of mediated devices that
 * no VFIO driver has, which the NAME could mean as well. Empty for a NAME that cannot be the beginning of a UUID.
 */
export function uuidsWithPrefix(
  { files, root }: Pick<Machine, 'files' | 'root'>,
  devices: readonly Device[],
  query: DeviceQuery,
): readonly string[] {
  if (query.kind !== 'name' && !(query.kind === 'qualified' && query.bus.toLowerCase() === 'mdev')) return [];
  const prefix = query.name.toLowerCase();
  if (!(query.kind === 'name' ? PREFIX : QUALIFIED_PREFIX).test(prefix)) return [];
  const mediated = tryOrUndefined(() => files.readdir(pathBelow(root, '/sys/bus/mdev/devices'))) ?? [];
  return [...new Set([...devices.map(({ name }) => name), ...mediated])]
    .filter((name) => isUuid(name) && name.toLowerCase().startsWith(prefix))
    .sort(compareNatural);
}
