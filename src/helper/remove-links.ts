/** `vfio_id link remove`: removes the links of one device, which is no longer in sysfs. */
import { scanDevice } from '../devices/scan.ts';
import { apply } from '../links/apply.ts';
import type { Change } from '../links/change.ts';
import { managedDirectories } from '../links/managed.ts';
import { readLinkTree } from '../links/read.ts';
import type { Claim } from '../names/desire.ts';
import { parentDirectories } from '../names/parents.ts';
import { linkTarget } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { claimLink, type LinkFailure } from './claim-link.ts';
import { claimsOfDevice } from './links-for.ts';
import type { LinkSpec } from './request.ts';

/**
 * Removes every link to the node `sysname` in the managed directories, and the directories that become empty. If
 * another device has the number already, its links are kept; if it gets the number during this run, its links are
 * created again. Returns the links that could not be removed or created.
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
  const tree = readLinkTree(files, root, managedDirectories([]));
  const links = [...tree.entries.keys()].filter(
    (link) => tree.entries.get(link)?.target === linkTarget(link, sysname),
  );
  const failures = removeStale(files, root, sysname, links, currentClaims(), token);
  const removed = new Set(links);
  const restored = currentClaims().filter(({ link }) => removed.has(link));
  return [...failures, ...restored.flatMap((claim) => claimLink(files, root, claim, requested, token) ?? [])];
}

/**
 * Removes those of `links` that lead to `sysname` and that no claim of `keep` covers. Returns the links that could not
 * be removed.
 */
export function removeStale(
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
