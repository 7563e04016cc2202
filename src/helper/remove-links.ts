/** `vfio_id link remove`: takes away the links that named one device, which is gone from sysfs by now. */
import { scanOne } from '../devices/scan.ts';
import { apply } from '../links/apply.ts';
import type { Change } from '../links/change.ts';
import { managedBy } from '../links/managed.ts';
import { readTree } from '../links/read.ts';
import type { Claim } from '../names/desire.ts';
import { parentsOf } from '../names/parents.ts';
import { linkTarget } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { claimLink, type Failure } from './claim-link.ts';
import { claimsFor } from './links-for.ts';
import type { AskedLink } from './request.ts';

/**
 * Removes every link to the node `sysname` in the directories of names, and the directories that this leaves empty.
 * Where another device has the number already, its own links stay; where it got the number while we worked, they come back.
 * Gives what could not be done.
 */
export function removeLinks(
  files: Files,
  root: Root,
  sysname: string,
  asked: readonly AskedLink[],
  token: string,
): Failure[] {
  const rightful = (): Claim[] => {
    const device = scanOne(files, root, sysname);
    return device ? claimsFor(files, root, device, asked) : [];
  };
  const tree = readTree(files, root, managedBy([]));
  const links = [...tree.entries.keys()].filter(
    (link) => tree.entries.get(link)?.target === linkTarget(link, sysname),
  );
  const failures = removeStale(files, root, sysname, links, rightful(), token);
  const gone = new Set(links);
  const back = rightful().filter(({ link }) => gone.has(link));
  return [...failures, ...back.flatMap((claim) => claimLink(files, root, claim, asked, token) ?? [])];
}

/** Removes those of `links` that lead to `sysname` and that `keep` does not claim. */
export function removeStale(
  files: Files,
  root: Root,
  sysname: string,
  links: readonly string[],
  keep: readonly Claim[],
  token: string,
): Failure[] {
  const kept = new Set(keep.map(({ link }) => link));
  const removals = links
    .filter((link) => !kept.has(link))
    .map((link): Change => ({ action: 'remove', link, from: linkTarget(link, sysname), reason: 'gone' }));
  const directories = [...new Set(removals.flatMap(({ link }) => parentsOf(link)))].sort().reverse();
  const outcomes = apply(
    files,
    root,
    [...removals, ...directories.map((link): Change => ({ action: 'remove-directory', link }))],
    token,
  );
  return outcomes.flatMap(({ change, result, errno }) =>
    result === 'failed' ? [{ link: change.link, why: errno ?? 'failed' }] : [],
  );
}
