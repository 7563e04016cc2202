/** Which directories below /dev/vfio hold names of ours. Pure. */
import { isReserved, knownBuses } from '../names/scheme.ts';

/**
 * Tells for the first part of a path whether names in it are ours to remove: the buses, the `by-*` families, and
 * what is wanted now. A directory that the admin's own rules made is none of ours.
 */
export function managedBy(wanted: Iterable<string>): (first: string) => boolean {
  const names = new Set<string>(knownBuses);
  for (const link of wanted) names.add(link.slice(0, link.indexOf('/')));
  return (first) => !isReserved(first) && (names.has(first) || first.startsWith('by-'));
}
