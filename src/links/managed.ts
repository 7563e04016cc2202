/** Decides which directories below /dev/vfio are managed by vfio-names. */
import { isReservedName, knownBuses } from '../names/scheme.ts';

/**
 * Returns a predicate for the first part of a path: whether vfio-names may remove links in that directory. True for the
 * known buses, the `by-*` families, and the directories of `wanted`; false for directories that other udev rules
 * created.
 */
export function managedDirectories(wanted: Iterable<string>): (first: string) => boolean {
  const names = new Set<string>(knownBuses);
  for (const link of wanted) names.add(link.slice(0, link.indexOf('/')));
  return (first) => !isReservedName(first) && (names.has(first) || first.startsWith('by-'));
}
