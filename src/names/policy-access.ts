/** Who may use which node, by a policy. Pure; the names of users and groups are not looked up here. */
import type { Access, AccessRule, Policy } from '../config/policy.ts';
import type { Facts } from '../devices/device.ts';
import { naturalOrder } from '../devices/order.ts';
import { matches } from './match.ts';

const keys = ['owner', 'group', 'mode'] as const;

/**
 * What the node of a device gets: the rules that fit, in order, a later one key by key over an earlier one. A group without
 * a mode gives 0660, as GROUP without MODE does in udev (udev_node_apply_permissions); empty where no rule fits.
 */
export function accessFor(policy: Policy, facts: Facts): Access {
  const access = merge(policy.access.filter((rule) => matches(rule.match, facts)));
  return access.group !== undefined && access.mode === undefined ? { ...access, mode: '0660' } : access;
}

function merge(rules: readonly Access[]): Access {
  const access: { owner?: string; group?: string; mode?: string } = {};
  for (const rule of rules)
    for (const key of keys) {
      const value = rule[key];
      if (value !== undefined) access[key] = value;
    }
  return access;
}

/**
 * What /dev/iommu gets, without which a device's node is of no use: what `[iommu]` says; else the one group that all rules
 * with a group name, with mode 0660, or the one owner where no rule names a group. `undefined` where the policy gives no access
 * to anyone, or to several groups: then /dev/iommu stays as it is and iommuProblem says so.
 */
export function iommuAccess(policy: Policy): Access | undefined {
  if (policy.iommu) return merge([policy.iommu]);
  const [group, ...otherGroups] = distinct(policy.access, 'group');
  if (group !== undefined) return otherGroups.length === 0 ? { group, mode: '0660' } : undefined;
  const [owner, ...otherOwners] = distinct(policy.access, 'owner');
  return owner !== undefined && otherOwners.length === 0 ? { owner } : undefined;
}

/** One line where the policy gives access to nodes but can't tell who may open /dev/iommu. */
export function iommuProblem(policy: Policy): string | undefined {
  if (iommuAccess(policy)) return undefined;
  const [groups, owners] = [distinct(policy.access, 'group'), distinct(policy.access, 'owner')];
  const [what, found] = groups.length > 0 ? ['groups', groups] : ['owners', owners];
  if (found.length === 0) return undefined;
  return `several ${what} get devices (${found.join(', ')}), but /dev/iommu can have one only; add [iommu] with a group that all these users are in`;
}

function distinct(rules: readonly AccessRule[], key: 'owner' | 'group'): string[] {
  return [...new Set(rules.flatMap((rule) => rule[key] ?? []))];
}

/** One line for each IOMMU group whose devices would get different owners or groups: isolation ends at that group. */
export function siblingProblems(policy: Policy, devices: readonly Facts[]): string[] {
  const byGroup = new Map<string, Facts[]>();
  for (const facts of devices)
    if (facts.group !== undefined) byGroup.set(facts.group, [...(byGroup.get(facts.group) ?? []), facts]);
  const problems: string[] = [];
  for (const [group, siblings] of [...byGroup].sort(([a], [b]) => naturalOrder(a, b))) {
    const holders = siblings.map((facts) => {
      const { owner = 'root', group: held = 'root' } = accessFor(policy, facts);
      return { name: facts.name, holder: `${owner}:${held}` };
    });
    if (new Set(holders.map(({ holder }) => holder)).size > 1) {
      const found = holders.map(({ name, holder }) => `${name} to ${holder}`).join(', ');
      problems.push(
        `IOMMU group ${group} is one unit of isolation, but its devices go to different users: ${found}`,
      );
    }
  }
  return problems;
}
