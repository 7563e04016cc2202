/** The devices that a link means by sysfs and the policy, whether it exists or not. */

import { type DeviceQuery, linkOfQuery } from '../devices/device-name.ts';
import { classlessDevice, type HostDevice } from '../devices/not-bound.ts';
import type { Device } from '../devices/types.ts';
import { type Claim, compareClaims, isExclusive, type PolicyNames } from '../names/claims.ts';
import { schemeLink } from '../names/scheme.ts';
import type { Machine, Observation } from './observe.ts';

/**
 * The devices that a link means: the one that gets it, or all devices that claim an exclusive link. A device without a node
 * has no link; it is found by the link that it claims all the same, or that it would get with a node.
 */
export function linkOwners(
  { policyNames }: Pick<Machine, 'policyNames'>,
  { scan, assignment, claims }: Pick<Observation, 'scan' | 'assignment' | 'claims'>,
  link: string,
): readonly Device[] {
  const winner = assignment.winners.get(link);
  if (winner && !isExclusive(link)) return [winner.device];
  const owners = ownersAmong(claims, link);
  if (owners.length > 0 || !policyNames) return owners;
  const unclaimed = scan.devices.filter((device) => schemeLink(device) === undefined);
  return ownersAmong(claimsTo(policyNames, unclaimed, link), link);
}

function ownersAmong(claims: readonly Claim[], link: string): readonly Device[] {
  const rivals = claims.filter((claim) => claim.link === link).sort(compareClaims);
  const devices = [...new Set(rivals.map(({ device }) => device))];
  return isExclusive(link) ? devices : devices.slice(0, 1);
}

function claimsTo(policyNames: PolicyNames, devices: readonly Device[], link: string): Claim[] {
  return devices.flatMap((device) =>
    policyNames(device)
      .filter(({ path }) => path === link)
      .map(({ priority }) => ({ link, device, priority })),
  );
}

/** The devices of a kernel before 6.1 that the link in a query means; see linkOwners(). */
export function classlessOwners(
  { policyNames }: Pick<Machine, 'policyNames'>,
  hosts: readonly HostDevice[],
  query: DeviceQuery,
): readonly HostDevice[] {
  const link = linkOfQuery(query);
  if (!policyNames || link === undefined) return [];
  const byPath = new Map(hosts.map((host) => [host.syspath, host]));
  return ownersByPolicy(policyNames, hosts.map(classlessDevice), link).flatMap(
    ({ syspath }) => byPath.get(syspath) ?? [],
  );
}

/** Those of the devices to which the policy would give the link; an alias may be without its directory. */
export function ownersByPolicy(
  policyNames: PolicyNames,
  devices: readonly Device[],
  link: string,
): readonly Device[] {
  return [link, `by-alias/${link}`].flatMap((wanted) =>
    ownersAmong(claimsTo(policyNames, devices, wanted), wanted),
  );
}
