/** Evaluates the link rules of a policy for one device; names/claims resolves conflicts between devices. */

import type { FactName, Facts } from '../devices/types.ts';
import type { PolicyName } from '../names/claims.ts';
import { matches } from './match.ts';
import type { Condition, Match, NamePart, Policy, SourceLocation } from './policy.ts';
import { rulesFor } from './rules-for.ts';
import { renderName } from './template.ts';

/** Returns each name once, with the highest priority of its rules, sorted by path; the order of the rules has no effect. */
export function policyNames(policy: Policy, facts: Facts): PolicyName[] {
  const names = new Map<string, number>();
  for (const rule of rulesFor(policy.linkRules, facts)) {
    if (!matches(rule.match, facts)) continue;
    const path = renderName(rule.template, facts);
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

/** Returns the facts that the policy's names depend on. */
export function nameFacts(policy: Policy): Set<FactName> {
  return new Set(policy.linkRules.flatMap((rule) => factsOf(rule.match, rule.template)));
}

/** Returns the facts that the policy's names and access rules depend on. */
export function policyFacts(policy: Policy): Set<FactName> {
  return new Set([...nameFacts(policy), ...policy.accessRules.flatMap((rule) => factsOf(rule.match, []))]);
}

/** An entry of by-alias. */
export interface Alias {
  /** `by-alias/gpu` */
  readonly link: string;
  /** What it stands for, for messages: `0000:01:00.0`, or `a device with vendor 0x10de`. */
  readonly target: string;
  /** The name of its device, if the policy gives the whole name. */
  readonly device?: string;
  readonly source: SourceLocation;
}

/** Returns the aliases of the policy. */
export function policyAliases(policy: Policy): Alias[] {
  return policy.linkRules.flatMap(({ family, template, match, source }) => {
    const [name] = template;
    if (family !== 'by-alias' || !name || !('text' in name)) return [];
    const device = wholeName(match);
    return [
      {
        link: name.text,
        target: device ?? describeMatch(match),
        ...(device !== undefined && { device }),
        source,
      },
    ];
  });
}

function wholeName(match: Match): string | undefined {
  const names = match.filter(({ fact, negate }) => fact === 'name' && !negate);
  const [pattern, ...others] = names.flatMap(({ patterns }) => patterns);
  return pattern !== undefined && others.length === 0 && /^(\*:)?[^*?[]+$/.test(pattern)
    ? pattern.replace(/^\*:/, '')
    : undefined;
}

function describeMatch(match: Match): string {
  const texts = match.map(({ fact, negate, patterns }) => {
    const shown = `${patterns.slice(0, 3).join(' or ')}${patterns.length > 3 ? ' or ...' : ''}`;
    return `${negate ? 'not ' : ''}${fact} ${shown}`;
  });
  return `a device with ${texts.join(', ')}`;
}
