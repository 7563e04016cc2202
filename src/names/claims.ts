/** Lists the links that each device claims: its link of scheme 1 and the names that the policy adds. */

import { compareDevices } from '../devices/order.ts';
import type { Device } from '../devices/types.ts';
import { depthOf, schemeLink } from './scheme.ts';

/** Returns the parent directories of a link, the outermost first: `by-sriov` and `by-sriov/0000:01:00.0`. */
export function parentDirectories(link: string): string[] {
  const parts = link.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** A device's claim to a link; links of scheme 1 have priority Infinity. */
export interface Claim {
  /** Relative to /dev/vfio: `by-alias/gpu`. */
  readonly link: string;
  readonly device: Device;
  readonly priority: number;
  /** The node of the device's group, `14` or `noiommu-14`, for a link below groups/, which leads there. */
  readonly group?: string;
}

/** The node to which the link of a claim leads: `vfio3`, or `14` for a link below groups/. */
export function claimNode({ device, group }: Pick<Claim, 'device' | 'group'>): string {
  return group ?? device.sysname;
}

/** Several devices that claim one link. */
export interface Conflict {
  /** The link, relative to /dev/vfio. */
  readonly link: string;
  /** The device that gets the link; absent if none gets it, as a name by serial number. */
  readonly winner?: Device;
  /** The other devices. */
  readonly losers: readonly Device[];
  /** The winner's link, if it conflicts with `link` because one of the two would have to be a directory. */
  readonly nestedWith?: string;
}

export interface Assignment {
  /** The winning claim of each link; linkTarget() gives the target of the link. */
  readonly winners: ReadonlyMap<string, Claim>;
  /** Sorted by link. A link has two conflicts if its winner then loses to a link below or above it. */
  readonly conflicts: readonly Conflict[];
}

/**
 * Compares two claims, the winner first: the higher priority, then the lower device name, independent of the order of
 * the claims. Returns 0 for two claims of one device with the same priority.
 */
export function compareClaims(a: Claim, b: Claim): number {
  if (a.priority !== b.priority) return b.priority > a.priority ? 1 : -1;
  return compareDevices(a.device, b.device) || compare(claimNode(a), claimNode(b));
}

/**
 * Whether a link must have one claim only: a name by serial number says which card it is, so if two devices claim it,
 * neither gets it. Otherwise the name would lead to the other card as soon as the first one is removed.
 */
export function isExclusive(link: string): boolean {
  return /^(?:groups\/)?by-serial\//.test(link);
}

/** Picks one winner for each link, and none for an exclusive link that several devices claim. If one link lies below another, the claim that compares lower wins and the other loses. */
export function resolveClaims(claims: readonly Claim[]): Assignment {
  const wanted = new Map<string, Claim>();
  const contested = new Set<string>();
  for (const claim of claims)
    if (wanted.has(claim.link)) contested.add(claim.link);
    else wanted.set(claim.link, claim);
  const nested = nestedIn(wanted);
  // Most links have one claim and are not nested in another link; only the others need a comparison.
  const contests = new Map([...contested, ...nested].map((link) => [link, new Map<string, Claim>()]));
  if (contests.size > 0)
    for (const claim of claims) {
      const rivals = contests.get(claim.link);
      if (rivals) addRival(rivals, claim);
    }
  const conflicts: Conflict[] = [];
  const winners: Claim[] = [];
  for (const [link, rivals] of contests) {
    const sorted = [...rivals.values()].sort(compareClaims);
    const devices = sorted.map(({ device }) => device);
    const [winner] = sorted;
    if (!winner) continue;
    if (isExclusive(link) && devices.length > 1) {
      wanted.delete(link);
      conflicts.push({ link, losers: devices });
      continue;
    }
    wanted.set(link, winner);
    if (nested.has(link)) winners.push(winner);
    if (devices.length > 1) conflicts.push({ link, winner: winner.device, losers: devices.slice(1) });
  }
  for (const conflict of findNestingConflicts(winners)) {
    wanted.delete(conflict.link);
    conflicts.push(conflict);
  }
  conflicts.sort((a, b) => compare(a.link, b.link));
  return { winners: wanted, conflicts };
}

/**
 * Adds a claim to those of other nodes, because the kernel uses each `vfioN` for one device at a time. Of two claims of one
 * device, only the stronger one stays, and of two members of one group, since the link leads to the same node.
 */
function addRival(rivals: Map<string, Claim>, claim: Claim): void {
  const own = rivals.get(claimNode(claim));
  if (!own || compareClaims(claim, own) < 0) rivals.set(claimNode(claim), claim);
}

/** Returns the links that lie below another link, and the links above them. */
function nestedIn(links: ReadonlyMap<string, unknown>): Set<string> {
  const nested = new Set<string>();
  // Only a link with fewer parts can lie above another one.
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const link of links.keys()) {
    const depth = depthOf(link);
    if (depth < least) least = depth;
    if (depth > most) most = depth;
  }
  if (most <= least) return nested;
  for (const link of links.keys())
    if (depthOf(link) > least && hasParentIn(links, link))
      for (const part of [link, ...parentDirectories(link)]) if (links.has(part)) nested.add(part);
  return nested;
}

/** A path cannot be both a link and a directory: returns one conflict for the weaker claim of each such pair. */
function findNestingConflicts(winners: readonly Claim[]): Conflict[] {
  const conflicts: Conflict[] = [];
  const kept = new Map<string, Claim>();
  /** For each parent directory of a kept link, the first such link. */
  const keptBelow = new Map<string, Claim>();
  for (const claim of [...winners].sort((a, b) => compareClaims(a, b) || compare(a.link, b.link))) {
    const parents = parentDirectories(claim.link);
    const above = parents.find((parent) => kept.has(parent));
    const rival = above === undefined ? keptBelow.get(claim.link) : kept.get(above);
    if (rival) {
      conflicts.push({
        link: claim.link,
        winner: rival.device,
        losers: [claim.device],
        nestedWith: rival.link,
      });
      continue;
    }
    kept.set(claim.link, claim);
    for (const parent of parents) if (!keptBelow.has(parent)) keptBelow.set(parent, claim);
  }
  return conflicts;
}

function hasParentIn(links: ReadonlyMap<string, unknown>, link: string): boolean {
  for (let end = link.indexOf('/'); end > 0; end = link.indexOf('/', end + 1))
    if (links.has(link.slice(0, end))) return true;
  return false;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name that the policy gives to a device; `path` is relative to /dev/vfio. */
export interface PolicyName {
  readonly path: string;
  readonly priority: number;
}

/** Returns the names that the policy adds to scheme 1, for a device that has a node. */
export type PolicyNames = (device: Device) => readonly PolicyName[];

/** Returns the claims of all devices. Links of scheme 1 have priority Infinity, so that no policy can override them. */
export function claimsOf(devices: readonly Device[], policyNames?: PolicyNames): Claim[] {
  const claims: Claim[] = [];
  for (const device of devices) {
    const link = schemeLink(device);
    if (link === undefined) continue;
    claims.push({ link, device, priority: Number.POSITIVE_INFINITY });
    if (policyNames)
      for (const { path, priority } of policyNames(device)) claims.push({ link: path, device, priority });
  }
  return claims;
}
