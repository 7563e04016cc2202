/** The names of groups: which groups have names, and the links that their members claim. */
import { isNameable } from '../devices/cdev.ts';
import { memberKey, namedMembers, type VfioGroup } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import type { Claim, PolicyNames } from './claims.ts';
import { groupDirectory, groupLink } from './scheme.ts';

/** The keys of `[names]` about groups. */
export interface GroupNames {
  /** `auto`: for the groups whose devices have no names of their own. */
  readonly enabled: boolean | 'auto';
  /** Whether the names of the policy exist below groups/, too: `groups/by-alias/gpu`. */
  readonly policyLinks: boolean;
}

export const defaultGroupNames: GroupNames = { enabled: 'auto', policyLinks: true };

/**
 * Whether groups must be read to decide about their names: with `auto`, not where every device has a name of its own, which
 * is the case on most machines.
 */
export function canHaveGroupNames({ enabled }: GroupNames, devices: readonly Device[]): boolean {
  if (enabled !== 'auto') return enabled;
  return devices.length === 0 || devices.some((device) => !isNameable(device));
}

/**
 * Whether a group has names. With `auto`, its own devices decide: none if one of them has a name of its own, and all members
 * if they have none: without nodes, or without an IOMMU. If VFIO has registered none of them yet, `noDeviceNodes` decides:
 * whether this kernel gives no device a node. `devices` are those of the group that the class vfio-dev lists.
 */
export function hasGroupNames(
  enabled: GroupNames['enabled'],
  devices: readonly Device[],
  noDeviceNodes: () => boolean,
): boolean {
  if (enabled !== 'auto') return enabled;
  if (devices.some(isNameable)) return false;
  return devices.some(({ sysname }) => sysname !== '') || noDeviceNodes();
}

/**
 * Returns the claims of all members of a group. The policy's names are made from facts that do not depend on whether the
 * member is bound, so that the name does not change while the group's node exists. `known` has the devices of the scan: a
 * claim of one of them is about that object.
 */
export function claimsOfGroup(
  group: VfioGroup,
  known: readonly Device[],
  policyNames?: PolicyNames,
): Claim[] {
  const devices = new Map(known.map((device) => [memberKey(device), device]));
  return namedMembers(group).flatMap((member): Claim[] => {
    const { bus, name, syspath } = member;
    const unbound: Device = { bus, name, sysname: '', syspath };
    const device = devices.get(memberKey(member)) ?? unbound;
    const base = { device, group: group.node };
    const link = groupLink(member);
    const claims: Claim[] = link === undefined ? [] : [{ ...base, link, priority: Number.POSITIVE_INFINITY }];
    for (const { path, priority } of policyNames?.(unbound) ?? [])
      claims.push({ ...base, link: `${groupDirectory}/${path}`, priority });
    return claims;
  });
}

/** Returns the claims of those groups that have names. */
export function claimsOfGroups(
  groups: readonly VfioGroup[],
  { enabled, policyLinks }: GroupNames,
  devices: readonly Device[],
  noDeviceNodes: () => boolean,
  policyNames?: PolicyNames,
): Claim[] {
  if (groups.length === 0) return [];
  let decided: boolean | undefined;
  const once = (): boolean => {
    decided ??= noDeviceNodes();
    return decided;
  };
  const byMember = new Map(devices.map((device) => [memberKey(device), device]));
  return groups.flatMap((group) => {
    const own = group.members.flatMap((member) => byMember.get(memberKey(member)) ?? []);
    return hasGroupNames(enabled, own, once)
      ? claimsOfGroup(group, own, policyLinks ? policyNames : undefined)
      : [];
  });
}
