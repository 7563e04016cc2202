/** Which device gets which link: every claim weighed, winners and losers. Pure; knows no files. */
import type { Device } from '../devices/device.ts';
import { deviceOrder } from '../devices/order.ts';
import { parentsOf } from './parents.ts';

/** A device's wish for a link; links of scheme 1 have priority Infinity. */
export interface Claim {
  /** Relative to /dev/vfio: `by-alias/gpu`. */
  readonly link: string;
  readonly device: Device;
  readonly priority: number;
}

export interface Conflict {
  readonly link: string;
  readonly winner: Device;
  readonly losers: readonly Device[];
  /** Set where the losers want a link below the winner's, which would have to be a directory. */
  readonly below?: string;
}

export interface Desired {
  /** The claim that has each link; linkTarget says where the link leads. */
  readonly wanted: ReadonlyMap<string, Claim>;
  /** In the order of their links; a link that lost its own winner to one below or above it comes once more. */
  readonly conflicts: readonly Conflict[];
}

/** The higher priority wins, then the lower device name; the order of the claims never matters. Zero for one device's own. */
export function weigh(a: Claim, b: Claim): number {
  if (a.priority !== b.priority) return b.priority > a.priority ? 1 : -1;
  return deviceOrder(a.device, b.device) || compare(a.device.sysname, b.device.sysname);
}

/** One winner for each link; a link below another link loses to it if it weighs less, and the other way round. */
export function desire(claims: readonly Claim[]): Desired {
  const wanted = new Map<string, Claim>();
  const contested = new Set<string>();
  for (const claim of claims)
    if (wanted.has(claim.link)) contested.add(claim.link);
    else wanted.set(claim.link, claim);
  const nested = nestedIn(wanted);
  // Most links are wanted by one device and lie beside the others: only the rest is weighed.
  const contests = new Map([...contested, ...nested].map((link) => [link, [] as Claim[]]));
  if (contests.size > 0)
    for (const claim of claims) {
      const rivals = contests.get(claim.link);
      if (rivals) addRival(rivals, claim);
    }
  const conflicts: Conflict[] = [];
  const winners: Claim[] = [];
  for (const [link, rivals] of contests) {
    const [winner, ...losers] = rivals.sort(weigh);
    if (!winner) continue;
    wanted.set(link, winner);
    if (nested.has(link)) winners.push(winner);
    if (losers.length > 0)
      conflicts.push({ link, winner: winner.device, losers: losers.map((loser) => loser.device) });
  }
  for (const conflict of settle(winners)) {
    wanted.delete(conflict.link);
    conflicts.push(conflict);
  }
  conflicts.sort((a, b) => compare(a.link, b.link));
  return { wanted, conflicts };
}

/** One claim a device stays: the heavier of two. */
function addRival(rivals: Claim[], claim: Claim): void {
  const index = rivals.findIndex((rival) => sameDevice(rival.device, claim.device));
  const own = rivals[index];
  if (!own) rivals.push(claim);
  else if (weigh(claim, own) < 0) rivals[index] = claim;
}

/** The links that lie below another link, and those above them. */
function nestedIn(links: ReadonlyMap<string, unknown>): Set<string> {
  const nested = new Set<string>();
  for (const link of links.keys())
    if (hasParentIn(links, link))
      for (const part of [link, ...parentsOf(link)]) if (links.has(part)) nested.add(part);
  return nested;
}

/** A path can't be a link and a directory: one conflict for the lighter of each such pair. */
function settle(winners: readonly Claim[]): Conflict[] {
  const conflicts: Conflict[] = [];
  const kept = new Map<string, Claim>();
  for (const claim of [...winners].sort((a, b) => weigh(a, b) || compare(a.link, b.link))) {
    const above = parentsOf(claim.link).find((parent) => kept.has(parent));
    const below = [...kept.keys()].find((link) => link.startsWith(`${claim.link}/`));
    const rival = kept.get(above ?? below ?? '');
    if (rival)
      conflicts.push({ link: claim.link, winner: rival.device, losers: [claim.device], below: rival.link });
    else kept.set(claim.link, claim);
  }
  return conflicts;
}

function hasParentIn(links: ReadonlyMap<string, unknown>, link: string): boolean {
  for (let end = link.indexOf('/'); end > 0; end = link.indexOf('/', end + 1))
    if (links.has(link.slice(0, end))) return true;
  return false;
}

/** The kernel gives each `vfioN` once. */
function sameDevice(a: Device, b: Device): boolean {
  return a.sysname === b.sysname;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
