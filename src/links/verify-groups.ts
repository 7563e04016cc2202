/** Devices of one IOMMU group with different owners: isolation stays per group, so permissions should too. Pure. */
import type { Device } from '../devices/device.ts';
import type { Status } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import { nodePathOf } from './check-node.ts';
import type { Finding } from './finding.ts';

/** `groupOf` gives a device's IOMMU group, `nodes` the status of each node by `vfioN`. */
export function verifyGroups(
  devices: readonly Device[],
  nodes: ReadonlyMap<string, Status>,
  groupOf: (device: Device) => string | undefined,
): Finding[] {
  const owners = new Set([...nodes.values()].map((status) => `${status.uid}:${status.gid}`));
  if (owners.size < 2) return [];
  const first = new Map<string, { readonly device: Device; readonly status: Status }>();
  const findings: Finding[] = [];
  for (const device of devices) {
    const status = nodes.get(device.sysname);
    const group = status && groupOf(device);
    if (!status || group === undefined) continue;
    const other = first.get(group);
    if (!other) first.set(group, { device, status });
    else if (other.status.uid !== status.uid || other.status.gid !== status.gid)
      findings.push({
        code: 'group-owners',
        path: printable(nodePathOf(device.sysname)),
        device: device.name,
        message: `expected the owner of its IOMMU group ${group}, ${other.status.uid}:${other.status.gid} as ${printable(other.device.name)}, found ${status.uid}:${status.gid}`,
        remedy: 'give all devices of the group one owner: they are not isolated from each other',
        fixable: false,
      });
  }
  return findings;
}
