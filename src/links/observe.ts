/** One scan of the machine: its devices, the links that they claim, the existing links, and the difference. */

import { scanDevices } from '../devices/scan.ts';
import type { Device, Scan } from '../devices/types.ts';
import { type Assignment, type Claim, claimsOf, type PolicyNames, resolveClaims } from '../names/claims.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Alias } from '../policy/links.ts';
import type { SystemFiles } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { missingNodes } from './node-check.ts';
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
  /** Whether the tree may not be this machine's own, so that no access is changed. */
  readonly isForeignTree?: boolean;
}

export interface Observation {
  readonly scan: Scan;
  /** The `vfioN` of devices whose node is missing; they get no links. */
  readonly missingNodes: ReadonlySet<string>;
  /** The links that each device claims, in the order of the devices; devices of `missing` included. */
  readonly claims: readonly Claim[];
  readonly assignment: Assignment;
  readonly tree: LinkTree;
  readonly changes: readonly Change[];
}

/** Reads sysfs first, then the nodes and the links, once each, and compares them; changes nothing. */
export function observe({ files, root, policyNames }: Machine): Observation {
  const scan = scanDevices(files, root);
  const missing = missingNodes(files, root, scan.devices);
  const claims = claimsOf(scan.devices, policyNames);
  const assignment = resolveClaims(claimsWithNode(claims, missing));
  const tree = readLinkTree(files, root);
  const unclaimed = unclaimedLinks(tree, assignment.winners);
  const others =
    unclaimed.length === 0
      ? new Set<string>()
      : foreignLinks({ files, root }, unclaimed, claims, scan.devices, missing);
  const changes = plan(assignment.winners, tree, nodesOf(scan.devices, missing), others);
  return { scan, missingNodes: missing, claims, assignment, tree, changes };
}

/** The entries that are links and that no device has; few, in contrast to all entries. */
function unclaimedLinks({ entries }: LinkTree, winners: ReadonlyMap<string, Claim>): [string, LinkEntry][] {
  return [...entries].filter(([link, { target }]) => target !== undefined && !winners.has(link));
}

function foreignLinks(
  { files, root }: Machine,
  links: readonly (readonly [string, LinkEntry])[],
  claims: readonly Claim[],
  devices: readonly Device[],
  missing: ReadonlySet<string>,
): ReadonlySet<string> {
  const claimed = new Set(claims.map(({ link }) => link));
  const bySysname = new Map(devices.map((device) => [device.sysname, device]));
  return linksOfOthers(files, root, links, claimed, (sysname) =>
    missing.has(sysname) ? undefined : bySysname.get(sysname),
  );
}

/** The claims of devices whose node exists. */
export function claimsWithNode(claims: readonly Claim[], missing: ReadonlySet<string>): readonly Claim[] {
  return missing.size === 0 ? claims : claims.filter(({ device }) => !missing.has(device.sysname));
}

/**
 * The `vfioN` of the devices whose node exists; built on first use, since it is not needed if all links are correct.
 */
function nodesOf(devices: readonly Device[], missing: ReadonlySet<string>): Pick<ReadonlySet<string>, 'has'> {
  let names: Set<string> | undefined;
  return {
    has: (sysname) => {
      names ??= new Set(devices.map((device) => device.sysname));
      return names.has(sysname) && !missing.has(sysname);
    },
  };
}
