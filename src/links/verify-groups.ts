/**
 * Findings about IOMMU groups whose nodes have different owners: devices of one group are not isolated from each other.
 */
import type { Device } from '../devices/device.ts';
import { printable } from '../text/printable.ts';
import { nodePathOf } from './check-node.ts';
import type { Finding } from './finding.ts';

/**
 * Reports devices whose owner differs from the first device of their group. `owners` has the devices by owner of the
 * node (`0:0`); `groupOf` returns the IOMMU group.
 */
export function verifyGroups(
  devices: readonly Device[],
  owners: ReadonlyMap<string, readonly Device[]>,
  groupOf: (device: Device) => string | undefined,
): Finding[] {
  if (owners.size < 2) return [];
  const ownerOf = new Map<Device, string>();
  for (const [owner, owned] of owners) for (const device of owned) ownerOf.set(device, owner);
  const first = new Map<string, { readonly device: Device; readonly owner: string }>();
  const findings: Finding[] = [];
  for (const device of devices) {
    const owner = ownerOf.get(device);
    const group = owner === undefined ? undefined : groupOf(device);
    if (owner === undefined || group === undefined) continue;
    const other = first.get(group);
    if (!other) first.set(group, { device, owner });
    else if (other.owner !== owner)
      findings.push({
        code: 'group-owners',
        path: printable(nodePathOf(device.sysname)),
        device: device.name,
        message: `expected the owner of its IOMMU group ${group}, ${other.owner} as ${printable(other.device.name)}, found ${owner}`,
        remedy: 'give all devices of the group one owner: they are not isolated from each other',
        fixable: false,
      });
  }
  return findings;
}
