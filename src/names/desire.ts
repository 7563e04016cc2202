/** Which device gets which link: every claim weighed, winners and losers. Pure; knows no files. */
import type { Device } from '../devices/device.ts';
import { deviceOrder } from '../devices/order.ts';
import { parentsOf } from './parents.ts';
import { linkTarget } from './scheme.ts';

/** A device's wish for a link; links of scheme 1 have priority Infinity. */
export interface Claim {
  /** Relative to /dev/vfio: `by-alias/gpu`. */
  readonly link: string;
  readonly device: Device;
  readonly priority: number;
}

export interface Wanted {
  readonly device: Device;
  readonly target: string;
}

export interface Conflict {
  readonly link: string;
  readonly winner: Device;
  readonly losers: readonly Device[];
  /** Set where the losers want a link below the winner's, which would have to be a directory. */
  readonly below?: string;
}

export interface Desired {
  readonly wanted: ReadonlyMap<string, Wanted>;
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
  const contests = new Map<string, Claim[]>();
  for (const claim of claims) {
    const rivals = contests.get(claim.link);
    if (!rivals) contests.set(claim.link, [claim]);
    else if (!rivals.some((rival) => sameDevice(rival.device, claim.device))) rivals.push(claim);
    else
      contests.set(
        claim.link,
        rivals.map((rival) =>
          sameDevice(rival.device, claim.device) && weigh(claim, rival) < 0 ? claim : rival,
        ),
      );
  }
  const conflicts: Conflict[] = [];
  const winners: Claim[] = [];
  for (const [link, rivals] of contests) {
    const [winner, ...losers] = rivals.length > 1 ? [...rivals].sort(weigh) : rivals;
    if (!winner) continue;
    winners.push(winner);
    if (losers.length > 0)
      conflicts.push({ link, winner: winner.device, losers: losers.map((loser) => loser.device) });
  }
  return settle(winners, conflicts);
}

/** A path can't be a link and a directory: takes away the lighter of each such pair. */
function settle(winners: readonly Claim[], conflicts: Conflict[]): Desired {
  const byLink = new Map(winners.map((claim) => [claim.link, claim]));
  const nested = winners.filter((claim) => hasParentIn(byLink, claim.link));
  const concerned = new Set(
    nested.flatMap((claim) => [claim, ...parentsOf(claim.link).flatMap((p) => byLink.get(p) ?? [])]),
  );
  const kept = new Map<string, Claim>();
  for (const claim of [...concerned].sort((a, b) => weigh(a, b) || compare(a.link, b.link))) {
    const above = parentsOf(claim.link).find((parent) => kept.has(parent));
    const below = [...kept.keys()].find((link) => link.startsWith(`${claim.link}/`));
    const rival = kept.get(above ?? below ?? '');
    if (rival)
      conflicts.push({ link: claim.link, winner: rival.device, losers: [claim.device], below: rival.link });
    else kept.set(claim.link, claim);
  }
  const wanted = new Map<string, Wanted>();
  for (const claim of winners)
    if (!concerned.has(claim) || kept.get(claim.link) === claim)
      wanted.set(claim.link, { device: claim.device, target: linkTarget(claim.link, claim.device.sysname) });
  conflicts.sort((a, b) => compare(a.link, b.link));
  return { wanted, conflicts };
}

function hasParentIn(links: ReadonlyMap<string, Claim>, link: string): boolean {
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
