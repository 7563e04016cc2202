/** Group nodes that the access rules do not cover. */
import { readFact } from '../devices/facts.ts';
import { groupNodePath, type VfioGroup } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { pathBelow } from '../system/root-path.ts';
import type { Machine } from './observe.ts';

/**
 * The group nodes that exist beside the nodes that [[access]] gives to somebody: the rules cover only those of groups that have
 * names, `covered`, so a program that opens another one may not be able to.
 */
export function uncoveredGroupNodes(
  { files, root, access }: Pick<Machine, 'files' | 'root' | 'access'>,
  devices: readonly Device[],
  covered: readonly VfioGroup[],
): string[] {
  if (!access) return [];
  const isCovered = new Set(covered.map(groupNodePath));
  const nodes = new Set<string>();
  for (const device of devices) {
    const given = access.accessOf(device);
    if (given.owner === undefined && given.fileGroup === undefined) continue;
    const path = readFact(files, root, device, 'groupNode');
    const status =
      path === undefined ? undefined : tryOrUndefined(() => files.statNode(pathBelow(root, path)));
    if (
      path !== undefined &&
      !isCovered.has(path) &&
      status?.kind === 'char' &&
      status.uid === 0 &&
      status.gid === 0
    )
      nodes.add(path);
  }
  return [...nodes];
}
