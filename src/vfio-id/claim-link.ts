/** Makes one link lead to the device with the best claim to it, while any number of other runs may do the same. */
import { scanDevice } from '../devices/scan.ts';
import { errnoOf, ignoring } from '../errors.ts';
import { targetNode } from '../links/ownership.ts';
import { type Claim, compareClaims } from '../names/claims.ts';
import { linkRoot, linkTarget } from '../names/scheme.ts';
import { asideName, takeAside } from '../system/displace.ts';
import type { Files } from '../system/files.ts';
import { openDirBelow, type Root } from '../system/root-path.ts';
import type { LinkSpec } from './args.ts';
import { claimsOfDevice } from './wanted.ts';

export interface LinkFailure {
  /** Relative to /dev/vfio. */
  readonly link: string;
  readonly reason: string;
}

/** Attempts to create a link while other runs create or remove the same link or its directory. */
const MAX_ROUNDS = 64;

/**
 * Creates the link of `claim`, or of a better claim that it displaced. Returns a failure if neither could be created.
 */
export function claimLink(
  files: Files,
  root: Root,
  claim: Claim,
  requested: readonly LinkSpec[],
  token: string,
): LinkFailure | undefined {
  const { link } = claim;
  let reason = 'others change it all the time';
  let best = claim;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    try {
      const next = tryOnce(files, root, best, requested, `${token}-${round}`);
      if (next === 'done') return undefined;
      if (next === 'blocked') return { link, reason: 'something that vfio-names did not make is there' };
      best = next;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // Another run removed the link, or the directory with its last link: retry.
      if (errno !== 'ENOENT') return { link, reason: errno };
      reason = errno;
    }
  }
  return { link, reason };
}

/** A claim is the one to try next. */
type Next = 'done' | 'blocked' | Claim;

function tryOnce(files: Files, root: Root, best: Claim, requested: readonly LinkSpec[], token: string): Next {
  const slash = best.link.lastIndexOf('/');
  const handle = openDirBelow(files, root, `${linkRoot}/${best.link.slice(0, slash)}`, true);
  try {
    const name = best.link.slice(slash + 1);
    const path = `${handle.path}/${name}`;
    const target = linkTarget(best.link, best.device.sysname);
    // The common cases: the link exists already (a repeated event), or nothing is at its path.
    const found = targetAt(files, path) ?? createAt(files, target, path);
    if (found === target) return 'done';
    const other = found === undefined ? undefined : targetNode(best.link, found);
    if (other === undefined) return 'blocked';
    if (isBetter(claimOf(files, root, best.link, other, requested), best)) return 'done';
    return displace(files, root, path, `${handle.path}/${asideName(token, name)}`, best, requested);
  } finally {
    handle.release();
  }
}

/**
 * Moves the existing link aside with rename(2), which succeeds in exactly one run. That run compares the claim of the
 * moved link with its own and creates the link of the better one. Overwriting the link instead could lose a better
 * claim that was created after this run read the link.
 */
function displace(
  files: Files,
  root: Root,
  path: string,
  aside: string,
  best: Claim,
  requested: readonly LinkSpec[],
): Next {
  let node: string | undefined;
  const isOurs = (): boolean => {
    const found = targetAt(files, aside);
    node = found === undefined ? undefined : targetNode(best.link, found);
    return node !== undefined;
  };
  if (!takeAside(files, path, aside, isOurs) || node === undefined) return 'blocked';
  const claim = claimOf(files, root, best.link, node, requested);
  const winner = claim && isBetter(claim, best) ? claim : best;
  const target = linkTarget(best.link, winner.device.sysname);
  try {
    const created = ignoring(() => createAt(files, target, path), 'ENOENT');
    return created === target ? 'done' : winner;
  } finally {
    ignoring(() => files.unlink(aside), 'ENOENT');
  }
}

/**
 * Creates a link. Returns its target, or the target of the link that exists there; `undefined` if the entry is not a
 * link.
 */
function createAt(files: Files, target: string, path: string): string | undefined {
  try {
    files.symlink(target, path);
    return target;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return ignoring(() => files.readlink(path), 'EINVAL');
  }
}

/** The target of the link at `path`; `undefined` if nothing or something else is there. */
function targetAt(files: Files, path: string): string | undefined {
  return ignoring(() => files.readlink(path), 'ENOENT', 'EINVAL');
}

/**
 * The claim of the device `sysname` to the link; `undefined` if no such device exists or it does not claim the link.
 */
function claimOf(
  files: Files,
  root: Root,
  link: string,
  sysname: string,
  requested: readonly LinkSpec[],
): Claim | undefined {
  const device = scanDevice(files, root, sysname);
  return device && claimsOfDevice(files, root, device, requested).find((claim) => claim.link === link);
}

function isBetter(a: Claim | undefined, b: Claim): boolean {
  return a !== undefined && a.device.sysname !== b.device.sysname && compareClaims(a, b) < 0;
}
