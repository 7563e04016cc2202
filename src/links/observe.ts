/** One scan of the machine: its devices, the links that they claim, the existing links, and the difference. */

import {
  type GroupScan,
  hasNoDeviceNodes,
  scanGroups,
  tryGroupDevnum,
  type VfioGroup,
} from '../devices/groups.ts';
import { classlessDevice, findClasslessDevices } from '../devices/not-bound.ts';
import { scanDevices } from '../devices/scan.ts';
import type { Device, Scan } from '../devices/types.ts';
import {
  type Assignment,
  type Claim,
  claimNode,
  claimsOf,
  type PolicyNames,
  resolveClaims,
} from '../names/claims.ts';
import { canHaveGroupNames, claimsOfGroups, defaultGroupNames, type GroupNames } from '../names/groups.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Alias } from '../policy/links.ts';
import type { Files, SystemFiles } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { knownNodes, lateLinks } from './late-links.ts';
import { missingGroupNodes, scanNodes } from './node-check.ts';
import { linksOfOthers } from './ownership.ts';
import type { Change } from './plan.ts';
import { plan } from './plan.ts';
import type { LinkEntry, LinkTree } from './tree.ts';
import { readLinkTree } from './tree.ts';

/** The machine and the parts of the policy that decide links and access. */
export interface Machine {
  readonly files: SystemFiles;
  readonly root: Root;
  /** Claims of the policy, beside the names of the scheme. */
  readonly policyNames?: PolicyNames;
  /** The aliases of the policy; for messages. */
  readonly aliases?: readonly Alias[];
  /** Whether the policy names devices by their serial number. */
  readonly usesSerials?: boolean;
  /** The access rules of the policy. */
  readonly access?: AccessRules;
  /** Which groups have names; by default, those whose devices have no nodes of their own. */
  readonly groupNames?: GroupNames;
  /** Whether the tree may not be this machine's own, so that no access is changed. */
  readonly isForeignTree?: boolean;
}

export interface Observation {
  /** The devices; the problems are also those of groups that have names. */
  readonly scan: Scan;
  /** The devices of a kernel before 6.1, which has no class vfio-dev: those that drivers of VFIO have. */
  readonly classless: readonly Device[];
  /** The groups with a node, where they can have names; else empty, since they are not read. */
  readonly groups: readonly VfioGroup[];
  /** The `vfioN` of devices whose node is missing; they get no links. */
  readonly missingNodes: ReadonlySet<string>;
  /** The names in /dev/vfio/devices that are not those of a device; absent if it cannot be read. */
  readonly unknownNodes?: ReadonlySet<string>;
  /** The nodes of groups that are missing, `14`; nothing links to them. */
  readonly missingGroupNodes: ReadonlySet<string>;
  /** The links that each device claims, in the order of the devices, then those of groups; missing nodes included. */
  readonly claims: readonly Claim[];
  readonly assignment: Assignment;
  readonly tree: LinkTree;
  readonly changes: readonly Change[];
}

/** Reads sysfs first, then the nodes and the links, once each, and compares them; changes nothing. */
export function observe({ files, root, policyNames, groupNames = defaultGroupNames }: Machine): Observation {
  const scanned = scanDevices(files, root);
  const { devices } = scanned;
  const classless = devices.length > 0 ? [] : findClasslessDevices(files, root).map(classlessDevice);
  const scannedGroups = canHaveGroupNames(groupNames, devices) ? scanGroups(files, root) : noGroups;
  const { groups } = scannedGroups;
  const scan = withProblemsOf(scanned, scannedGroups);
  const { missing, unknown } = scanNodes(files, root, devices);
  const missingGroups = missingGroupNodes(files, root, groups);
  const claims = [
    ...claimsOf(devices, policyNames),
    ...claimsOfGroups(
      groups,
      groupNames,
      [...devices, ...classless],
      () => hasNoDeviceNodes(files, root),
      policyNames,
    ),
  ];
  const allMissing = missingGroups.size === 0 ? missing : new Set([...missing, ...missingGroups]);
  const assignment = resolveClaims(claimsWithNode(claims, allMissing));
  const tree = readLinkTree(files, root);
  const unclaimed = unclaimedLinks(tree, assignment.winners);
  const nodes = nodesOf(files, root, devices, groups, allMissing);
  const others =
    unclaimed.length === 0
      ? new Set<string>()
      : new Set([
          ...foreignLinks({ files, root }, unclaimed, claims, nodes),
          ...lateLinks({ files, root, policyNames, groupNames }, unclaimed, knownNodes(devices, groups)),
        ]);
  const changes = plan(assignment.winners, tree, nodes, others);
  return {
    ...{ scan, classless, groups, missingNodes: missing, missingGroupNodes: missingGroups },
    ...(unknown && { unknownNodes: unknown }),
    ...{ claims, assignment, tree, changes },
  };
}

const noGroups: GroupScan = { groups: [], problems: [], unreadableCount: 0 };

function withProblemsOf(scan: Scan, groups: GroupScan): Scan {
  // Without the class vfio-dev, the devices were read from the groups, too.
  const known = new Set(scan.problems.map(({ file }) => file));
  const added = groups.problems.filter(({ file }) => !known.has(file));
  if (added.length === 0) return scan;
  return {
    devices: scan.devices,
    problems: [...scan.problems, ...added],
    unreadableCount: scan.unreadableCount + groups.unreadableCount,
  };
}

/** The entries that are links and that no device has; few, in contrast to all entries. */
function unclaimedLinks({ entries }: LinkTree, winners: ReadonlyMap<string, Claim>): [string, LinkEntry][] {
  const unclaimed: [string, LinkEntry][] = [];
  entries.forEach((entry, link) => {
    if (entry.target !== undefined && !winners.has(link)) unclaimed.push([link, entry]);
  });
  return unclaimed;
}

function foreignLinks(
  { files, root }: Machine,
  links: readonly (readonly [string, LinkEntry])[],
  claims: readonly Claim[],
  nodes: PresentNodes,
): ReadonlySet<string> {
  const claimed = new Set(claims.map(({ link }) => link));
  return linksOfOthers(files, root, links, claimed, nodes.devnumOf);
}

/** The claims of devices and groups whose node exists. */
export function claimsWithNode(claims: readonly Claim[], missing: ReadonlySet<string>): readonly Claim[] {
  return missing.size === 0 ? claims : claims.filter((claim) => !missing.has(claimNode(claim)));
}

/** The nodes that exist, `vfioN` and `14`, and their device numbers. */
interface PresentNodes {
  readonly has: (node: string) => boolean;
  readonly devnumOf: (node: string) => string | undefined;
}

/** Built on first use, since it is not needed if all links are correct. */
function nodesOf(
  files: Files,
  root: Root,
  devices: readonly Device[],
  groups: readonly VfioGroup[],
  missing: ReadonlySet<string>,
): PresentNodes {
  let devnums: Map<string, string | undefined> | undefined;
  const known = (): Map<string, string | undefined> => {
    devnums ??= new Map([
      ...devices.map(({ sysname, devnum }) => [sysname, devnum] as const),
      ...groups.map(({ node, devnum }) => [node, devnum] as const),
    ]);
    return devnums;
  };
  /** The groups are not read where they have no names, but a link to one may be left. */
  const otherGroup = (node: string) => tryGroupDevnum(files, root, node);
  return {
    has: (node) => !missing.has(node) && (known().has(node) || otherGroup(node) !== undefined),
    devnumOf: (node) => (missing.has(node) ? undefined : (known().get(node) ?? otherGroup(node))),
  };
}
