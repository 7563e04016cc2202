/** `vfio_id link add`: creates the links of one device. */
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { apply } from '../links/apply.ts';
import { linksOfOthers, targetNode } from '../links/ownership.ts';
import type { Change } from '../links/plan.ts';
import { readLinkTree } from '../links/tree.ts';
import { type Claim, isExclusive, parentDirectories, resolveClaims } from '../names/claims.ts';
import { linkTarget } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import type { LinkSpec } from './args.ts';
import { claimLink, type LinkFailure } from './claim-link.ts';
import { exclusiveClaimants, rivalsOf } from './exclusive.ts';
import { claimsOfDevice } from './wanted.ts';

/**
 * Removes every link of ours to the node `sysname`, and the directories that become empty. If another device has the
 * number already, its links are kept; if it gets the number during this run, its links are created again. Returns the links
 * that could not be removed or created.
 */
export function removeLinks(
  files: Files,
  root: Root,
  sysname: string,
  requested: readonly LinkSpec[],
  token: string,
): LinkFailure[] {
  const currentClaims = (): Claim[] => {
    const device = scanDevice(files, root, sysname);
    return device ? claimsOfDevice(files, root, device, requested) : [];
  };
  const entries = [...readLinkTree(files, root).entries].filter(
    ([link, { target }]) => target !== undefined && targetNode(link, target) === sysname,
  );
  const claims = currentClaims();
  const claimed = new Set(claims.map(({ link }) => link));
  const others = linksOfOthers(files, root, entries, claimed, () => claims[0]?.device.devnum);
  const links = entries.flatMap(([link]) => (others.has(link) ? [] : [link]));
  const failures = removeStale(files, root, sysname, links, claims, token);
  const removed = new Set(links);
  // The device may have been the reason why another one did not get a name by serial number.
  const restored = currentClaims().filter(({ link }) => removed.has(link) && !isExclusive(link));
  const unambiguous = [...exclusiveClaimants(files, root, requested)].flatMap(([link, devices]) =>
    devices.length > 1 ? [] : devices.flatMap((device) => claimsOn(files, root, device, requested, link)),
  );
  return [
    ...failures,
    ...[...restored, ...unambiguous].flatMap(
      (claim) => claimLink(files, root, claim, requested, token) ?? [],
    ),
  ];
}

function claimsOn(
  files: Files,
  root: Root,
  device: Device,
  requested: readonly LinkSpec[],
  link: string,
): Claim[] {
  return claimsOfDevice(files, root, device, requested).filter((claim) => claim.link === link);
}

/**
 * Removes those of `links` that lead to `sysname` and that no claim of `keep` covers. Returns the links that could not
 * be removed.
 */
function removeStale(
  files: Files,
  root: Root,
  sysname: string,
  links: readonly string[],
  keep: readonly Claim[],
  token: string,
): LinkFailure[] {
  const kept = new Set(keep.map(({ link }) => link));
  const removals = links
    .filter((link) => !kept.has(link))
    .map((link): Change => ({ action: 'remove', link, from: linkTarget(link, sysname), reason: 'gone' }));
  const directories = [...new Set(removals.flatMap(({ link }) => parentDirectories(link)))].sort().reverse();
  const outcomes = apply(
    files,
    root,
    [...removals, ...directories.map((link): Change => ({ action: 'remove-directory', link }))],
    token,
  );
  return outcomes.flatMap(({ change, result, errno }) =>
    result === 'failed' ? [{ link: change.link, reason: errno ?? 'failed' }] : [],
  );
}

/** Removes the exclusive links that several devices claim, whichever of them they lead to. */
function removeAmbiguous(
  files: Files,
  root: Root,
  device: Device,
  claims: readonly Claim[],
  claimants: ReadonlyMap<string, readonly Device[]>,
  token: string,
): void {
  const ambiguous = claims.filter(({ link }) => rivalsOf(claimants, device, link).length > 0);
  if (ambiguous.length === 0) return;
  const { entries } = readLinkTree(files, root);
  for (const { link } of ambiguous) {
    const target = entries.get(link)?.target;
    const sysname = target === undefined ? undefined : targetNode(link, target);
    if (sysname !== undefined) removeStale(files, root, sysname, [link], [], token);
  }
}

/**
 * Creates the links of `device`, except those that another device has a better claim to (the same decision as in sync),
 * and returns the links that could not be created. Reads sysfs again after the last change: if the device was removed
 * in the meantime, its links are removed too, whatever the order of this run and the one for its removal.
 */
export function addLinks(
  files: Files,
  root: Root,
  device: Device,
  requested: readonly LinkSpec[],
  token: string,
): LinkFailure[] {
  const claims = claimsOfDevice(files, root, device, requested);
  const { winners } = resolveClaims(claims);
  const claimants = exclusiveClaimants(files, root, requested);
  const failures = claims
    .filter(({ link }) => winners.has(link) && rivalsOf(claimants, device, link).length === 0)
    .flatMap((claim) => claimLink(files, root, claim, requested, token) ?? []);
  // Read again: of two devices that are added at once, the later run finds both.
  removeAmbiguous(files, root, device, claims, exclusiveClaimants(files, root, requested), token);
  const current = scanDevice(files, root, device.sysname);
  if (current?.syspath === device.syspath) return failures;
  return removeStale(
    files,
    root,
    device.sysname,
    claims.map(({ link }) => link),
    current ? claimsOfDevice(files, root, current, requested) : [],
    token,
  );
}
