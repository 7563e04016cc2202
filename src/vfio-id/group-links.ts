/** `vfio_id group link`: makes the names of all groups right, where udev does not: the same changes as those of sync. */
import { hasNoDeviceNodes, scanGroups } from '../devices/groups.ts';
import { scanDevices } from '../devices/scan.ts';
import { apply } from '../links/apply.ts';
import { knownNodes, lateLinks } from '../links/late-links.ts';
import { missingGroupNodes } from '../links/node-check.ts';
import { linksOfOthers } from '../links/ownership.ts';
import { plan } from '../links/plan.ts';
import { readLinkTree } from '../links/tree.ts';
import { claimNode, resolveClaims } from '../names/claims.ts';
import { claimsOfGroups } from '../names/groups.ts';
import { groupDirectory, isGroupLink } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import type { LinkFailure } from './claim-link.ts';
import type { GroupOptions } from './group.ts';
import { policyNamesOf } from './wanted.ts';

/** After this many rounds, another process is assumed to be reverting the changes. */
const MAX_ROUNDS = 16;

/**
 * Makes the links below groups/ right, from the state of sysfs, until a round has nothing to do: so of several runs for several
 * events, the last one leaves the right links. Returns the links that could not be made or removed.
 */
export function syncGroupLinks(
  files: Files,
  root: Root,
  { auto, links }: GroupOptions,
  token: string,
): LinkFailure[] {
  const policyNames = policyNamesOf(files, root, links);
  const names = { enabled: auto ? 'auto' : true, policyLinks: true } as const;
  const failed = new Map<string, LinkFailure>();
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const { devices } = scanDevices(files, root);
    const { groups } = scanGroups(files, root);
    const missing = missingGroupNodes(files, root, groups);
    const claims = claimsOfGroups(groups, names, devices, () => hasNoDeviceNodes(files, root), policyNames);
    const { winners } = resolveClaims(claims.filter((claim) => !missing.has(claimNode(claim))));
    const tree = readLinkTree(files, root);
    const entries = new Map(
      [...tree.entries].filter(([path]) => path === groupDirectory || isGroupLink(path)),
    );
    const present = new Map(
      groups.flatMap(({ node, devnum }) => (missing.has(node) ? [] : [[node, devnum] as const])),
    );
    const unclaimed = [...entries].filter(([link]) => !winners.has(link));
    const others = linksOfOthers(files, root, unclaimed, winners, (node) => present.get(node));
    const late = lateLinks(
      { files, root, policyNames, groupNames: names },
      unclaimed,
      knownNodes(devices, groups),
    );
    const changes = plan(winners, { ...tree, entries }, present, new Set([...others, ...late])).filter(
      (change) => !failed.has(JSON.stringify(change)),
    );
    const applicable = changes.filter(({ action }) => action !== 'blocked');
    for (const change of changes)
      if (change.action === 'blocked')
        failed.set(JSON.stringify(change), {
          link: change.link,
          reason: 'something that vfio-names did not make is there',
        });
    if (applicable.length === 0) break;
    for (const { change, result, errno } of apply(files, root, applicable, `${token}-${round}`))
      if (result === 'failed')
        failed.set(JSON.stringify(change), { link: change.link, reason: errno ?? 'EIO' });
  }
  return [...failed.values()];
}
