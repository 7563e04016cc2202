/** The links that udev or another program made for a device or group that came after the scan; they are correct. */
import { devicesOfGroup, hasNoDeviceNodes, readVfioGroup, type VfioGroup } from '../devices/groups.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { ifReadable } from '../errors.ts';
import { type Claim, claimsOf, type PolicyNames } from '../names/claims.ts';
import { canHaveGroupNames, claimsOfGroups, defaultGroupNames, type GroupNames } from '../names/groups.ts';
import { isGroupLink } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { isNodeMissing } from './node-check.ts';
import { targetNode } from './ownership.ts';
import type { LinkEntry } from './tree.ts';

/** The machine, and which names it has. */
interface NamedMachine {
  readonly files: Files;
  readonly root: Root;
  readonly policyNames?: PolicyNames | undefined;
  readonly groupNames?: GroupNames | undefined;
}

/** What the scan found, by node: `vfio3` or `14`. */
export interface KnownNodes {
  readonly device: (node: string) => Device | undefined;
  readonly hasGroup: (node: string) => boolean;
  readonly devices: readonly Device[];
}

/** What the scan found, for lateLinks(). */
export function knownNodes(devices: readonly Device[], groups: readonly VfioGroup[]): KnownNodes {
  const bySysname = new Map(devices.map((device) => [device.sysname, device]));
  const groupNodes = new Set(groups.map(({ node }) => node));
  return { devices, device: (node) => bySysname.get(node), hasGroup: (node) => groupNodes.has(node) };
}

/**
 * Returns those of `entries` whose device or group is another one than in the scan by now, and claims this link. `entries` are
 * links that the scan does not want; they are read after it.
 */
export function lateLinks(
  machine: NamedMachine,
  entries: Iterable<readonly [string, LinkEntry]>,
  known: KnownNodes,
): ReadonlySet<string> {
  const late = new Set<string>();
  const claimed = new Map<string, ReadonlySet<string>>();
  for (const [link, { target }] of entries) {
    const node = target === undefined ? undefined : targetNode(link, target);
    if (node === undefined) continue;
    const links =
      claimed.get(node) ??
      new Set(claimsOfNode(machine, node, isGroupLink(link), known).map((claim) => claim.link));
    claimed.set(node, links);
    if (links.has(link)) late.add(link);
  }
  return late;
}

/** The claims of what has the node now; none if that is what the scan found. */
function claimsOfNode(
  machine: NamedMachine,
  node: string,
  isGroup: boolean,
  known: KnownNodes,
): readonly Claim[] {
  const { files, root, policyNames, groupNames = defaultGroupNames } = machine;
  if (isGroup) {
    if (known.hasGroup(node) || !canHaveGroupNames(groupNames, known.devices)) return [];
    const group = ifReadable(() => readVfioGroup(files, root, node)?.group);
    if (!group) return [];
    const devices = devicesOfGroup(group, known.devices);
    return claimsOfGroups([group], groupNames, devices, () => hasNoDeviceNodes(files, root), policyNames);
  }
  const device = ifReadable(() => scanDevice(files, root, node));
  if (!device || device.syspath === known.device(node)?.syspath || isNodeMissing(files, root, device))
    return [];
  return claimsOf([device], policyNames);
}
