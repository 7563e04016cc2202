/** Evaluates the access rules of a policy: owner, group and mode of each node, by name or number. */

import { compareNatural } from '../devices/order.ts';
import type { Device, Facts } from '../devices/types.ts';
import { matches } from './match.ts';
import type { Access, AccessRule, Policy } from './policy.ts';
import { rulesFor } from './rules-for.ts';

/** The access rules of a policy, bound to the facts of the devices. */
export interface AccessRules {
  /** Returns an empty object if no rule matches. */
  readonly accessOf: (device: Device) => Access;
  /** The access to /dev/iommu. */
  readonly iommu?: Access;
}

const keys = ['owner', 'fileGroup', 'mode'] as const;

/**
 * Returns the access of a device's node: of the rules that match, a later one overrides an earlier one key by key. A group
 * without a mode gives 0660, as GROUP without MODE does in udev (udev_node_apply_permissions). Empty if no rule matches.
 */
export function resolveAccess(
  policy: { readonly accessRules: readonly (Omit<AccessRule, 'source'> & Partial<AccessRule>)[] },
  facts: Facts,
): Access {
  const access = merge(rulesFor(policy.accessRules, facts).filter((rule) => matches(rule.match, facts)));
  return access.fileGroup !== undefined && access.mode === undefined ? { ...access, mode: '0660' } : access;
}

function merge(rules: readonly Access[]): Access {
  const access: { owner?: string; fileGroup?: string; mode?: string } = {};
  for (const rule of rules)
    for (const key of keys) {
      const value = rule[key];
      if (value !== undefined) access[key] = value;
    }
  return access;
}

/**
 * Returns the access of /dev/iommu, which every user of a device node needs: the `[iommu]` table if there is one; else
 * the group, with mode 0660, if all rules that set a group set the same one; else the owner, if no rule sets a group and
 * all rules set the same owner. Returns `undefined` if the policy gives no access or names several groups; /dev/iommu is
 * then left unchanged, and iommuProblem() reports it.
 */
export function iommuAccess(policy: Policy): Access | undefined {
  if (policy.iommu) return merge([policy.iommu]);
  const [fileGroup, ...otherGroups] = distinct(policy.accessRules, 'fileGroup');
  if (fileGroup !== undefined) return otherGroups.length === 0 ? { fileGroup, mode: '0660' } : undefined;
  const [owner, ...otherOwners] = distinct(policy.accessRules, 'owner');
  return owner !== undefined && otherOwners.length === 0 ? { owner } : undefined;
}

/** Several accounts that would have to own /dev/iommu at once. */
interface IommuProblem {
  readonly message: string;
  readonly hint: string;
  /** The first rule whose account differs from that of an earlier rule, and the key. */
  readonly rule: AccessRule;
  readonly key: 'owner' | 'fileGroup';
}

/** Returns a problem if the policy gives access to nodes but does not determine who may open /dev/iommu. */
export function iommuProblem(policy: Policy): IommuProblem | undefined {
  if (iommuAccess(policy)) return undefined;
  const [groups, owners] = [distinct(policy.accessRules, 'fileGroup'), distinct(policy.accessRules, 'owner')];
  const key = groups.length > 0 ? 'fileGroup' : 'owner';
  const found = groups.length > 0 ? groups : owners;
  const rule = policy.accessRules.find((other) => other[key] !== undefined && other[key] !== found[0]);
  if (!rule) return undefined;
  const shown = `${found.slice(0, 5).join(', ')}${found.length > 5 ? ', ...' : ''}`;
  return {
    message: `several ${key === 'owner' ? 'owners' : 'groups'} get devices (${shown}), but /dev/iommu can have one only`,
    hint: 'add [iommu] with a group that all these users are in',
    rule,
    key,
  };
}

function distinct(rules: readonly AccessRule[], key: 'owner' | 'fileGroup'): string[] {
  return [...new Set(rules.flatMap((rule) => rule[key] ?? []))];
}

/**
 * Returns one line for each IOMMU group whose devices would get different owners or groups: devices of one IOMMU group
 * are not isolated from each other.
 */
export function groupAccessProblems(policy: Policy, devices: readonly Facts[]): string[] {
  const byGroup = new Map<string, Facts[]>();
  for (const facts of devices)
    if (facts.group !== undefined) byGroup.set(facts.group, [...(byGroup.get(facts.group) ?? []), facts]);
  const problems: string[] = [];
  for (const [group, siblings] of [...byGroup].sort(([a], [b]) => compareNatural(a, b))) {
    const holders = siblings.map((facts) => {
      const { owner = 'root', fileGroup = 'root' } = resolveAccess(policy, facts);
      return { name: facts.name, holder: `${owner}:${fileGroup}` };
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
