/** The names that a policy adds to those of the scheme, for one device. Pure; who wins a name is desire.ts's matter. */
import type { Condition, NamePart, Policy } from '../config/policy.ts';
import type { FactName, Facts } from '../devices/device.ts';
import type { PolicyName } from './claims.ts';
import { matches } from './match.ts';
import { nameFrom } from './template.ts';

/** Every name once, with the highest priority that a rule gives it, sorted by path: the order of the rules never matters. */
export function policyNames(policy: Policy, facts: Facts): PolicyName[] {
  const names = new Map<string, number>();
  for (const rule of policy.links) {
    if (!matches(rule.match, facts)) continue;
    const path = nameFrom(rule.name, facts);
    if (path !== undefined) names.set(path, Math.max(rule.priority, names.get(path) ?? rule.priority));
  }
  return [...names]
    .map(([path, priority]) => ({ path, priority }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const factsOf = (match: readonly Condition[], name: readonly NamePart[]): FactName[] => [
  ...match.map((condition) => condition.fact),
  ...name.flatMap((part) => ('fact' in part ? [part.fact] : [])),
];

/** The facts that the policy's names depend on: what naming has to read, and nothing more. */
export function nameFacts(policy: Policy): Set<FactName> {
  return new Set(policy.links.flatMap((rule) => factsOf(rule.match, rule.name)));
}

/** The facts that the policy's names and access depend on. */
export function neededFacts(policy: Policy): Set<FactName> {
  return new Set([...nameFacts(policy), ...policy.access.flatMap((rule) => factsOf(rule.match, []))]);
}
