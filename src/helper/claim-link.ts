/** Gives one link to the device with the best claim to it, beside any number of other runs that do the same. */
import { scanOne } from '../devices/scan.ts';
import { attempt, errnoOf } from '../errors.ts';
import { holdDirectory } from '../links/hold.ts';
import { nodeOfTarget, temporaryPrefix } from '../links/tree.ts';
import { type Claim, weigh } from '../names/desire.ts';
import { linkTarget } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { claimsFor } from './links-for.ts';
import type { AskedLink } from './request.ts';

export interface Failure {
  /** Relative to /dev/vfio. */
  readonly link: string;
  readonly why: string;
}

/** Others may make or remove the same link or its directory at the same time, as often as this. */
const mostRounds = 64;

/** Makes the link of `claim`, or of a better claim that it displaced; says why where neither could be made. */
export function claimLink(
  files: Files,
  root: Root,
  claim: Claim,
  asked: readonly AskedLink[],
  token: string,
): Failure | undefined {
  const { link } = claim;
  let why = 'others change it all the time';
  let best = claim;
  for (let round = 1; round <= mostRounds; round++) {
    try {
      const next = attemptOnce(files, root, best, asked, `${token}-${round}`);
      if (next === 'done') return undefined;
      if (next === 'blocked') return { link, why: 'something that vfio-names did not make is there' };
      best = next;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // The directory went with the last name of another device, or the link a moment ago.
      if (errno !== 'ENOENT') return { link, why: errno };
      why = errno;
    }
  }
  return { link, why };
}

type Next = 'done' | 'blocked' | Claim;

function attemptOnce(
  files: Files,
  root: Root,
  best: Claim,
  asked: readonly AskedLink[],
  token: string,
): Next {
  const slash = best.link.lastIndexOf('/');
  const held = holdDirectory(files, root, best.link.slice(0, slash), true);
  try {
    const path = `${held.path}/${best.link.slice(slash + 1)}`;
    const target = linkTarget(best.link, best.device.sysname);
    // Most links are there already when an event is repeated, and most others are free.
    const found = targetAt(files, path) ?? makeAt(files, target, path);
    if (found === target) return 'done';
    const other = found === undefined ? undefined : nodeOfTarget(best.link, found);
    if (other === undefined) return 'blocked';
    if (isBetter(claimOf(files, root, best.link, other, asked), best)) return 'done';
    return displace(files, root, path, `${held.path}/${temporaryPrefix}${token}`, best, asked);
  } finally {
    held.release();
  }
}

/**
 * Takes the link away by rename(2), which hands what was there to exactly one run; that one then speaks for it, so that a
 * better claim that came between the look and the act is not lost. Overwriting would lose it.
 */
function displace(
  files: Files,
  root: Root,
  path: string,
  aside: string,
  best: Claim,
  asked: readonly AskedLink[],
): Next {
  files.rename(path, aside);
  const taken = targetAt(files, aside);
  const node = taken === undefined ? undefined : nodeOfTarget(best.link, taken);
  if (node === undefined) {
    files.rename(aside, path);
    return 'blocked';
  }
  const claim = claimOf(files, root, best.link, node, asked);
  const winner = claim && isBetter(claim, best) ? claim : best;
  const target = linkTarget(best.link, winner.device.sysname);
  try {
    const made = attempt(() => makeAt(files, target, path), 'ENOENT');
    return made === target ? 'done' : winner;
  } finally {
    attempt(() => files.unlink(aside), 'ENOENT');
  }
}

/** Makes the link where nothing is: gives its target, or that of the link that somebody else put there first. */
function makeAt(files: Files, target: string, path: string): string | undefined {
  try {
    files.symlink(target, path);
    return target;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return attempt(() => files.readlink(path), 'EINVAL');
  }
}

/** A link's target; `undefined` for nothing and for what is no link. */
function targetAt(files: Files, path: string): string | undefined {
  return attempt(() => files.readlink(path), 'ENOENT', 'EINVAL');
}

/** The claim of the device that has this number now; `undefined` where there is none, or it does not want the link. */
function claimOf(
  files: Files,
  root: Root,
  link: string,
  sysname: string,
  asked: readonly AskedLink[],
): Claim | undefined {
  const device = scanOne(files, root, sysname);
  return device && claimsFor(files, root, device, asked).find((claim) => claim.link === link);
}

function isBetter(a: Claim | undefined, b: Claim): boolean {
  return a !== undefined && a.device.sysname !== b.device.sysname && weigh(a, b) < 0;
}
