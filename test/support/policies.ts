/** Builds small policies for the tests of the rules compiler. */

import type { FactName } from '../../src/devices/types.ts';
import { bindRule } from '../../src/policy/bind.ts';
import { parseMatch } from '../../src/policy/match.ts';
import type { Condition, LinkRule, NamePart, Policy } from '../../src/policy/policy.ts';
import { defaultPolicy } from '../../src/policy/policy.ts';

export const source = { file: 'test.toml', line: 1 };

/** An arbitrary hash of a policy. */
export const hash = 'c0ffee'.padEnd(64, '0');

export const when = (fact: FactName, ...patterns: string[]): Condition => ({ fact, negate: false, patterns });

export const unless = (fact: FactName, ...patterns: string[]): Condition => ({
  fact,
  negate: true,
  patterns,
});

/** Builds a link rule: `link([when(...)], 'by-x/', { fact: 'name' })`. */
export function link(match: readonly Condition[], ...parts: (string | NamePart)[]): LinkRule {
  const template = parts.map((part) => (typeof part === 'string' ? { text: part } : part));
  return { match, template, priority: 0, source };
}

export const policyOf = (overrides: Partial<Policy>): Policy => ({ ...defaultPolicy, hash, ...overrides });

/** A policy of [[bind]] rules, each written as its match with an optional `driver`. */
export function bindPolicy(
  ...rules: readonly Readonly<Record<string, unknown> & { readonly driver?: string }>[]
): Policy {
  return policyOf({
    bindRules: rules.map(({ driver, ...match }, index) =>
      bindRule(parseMatch({ bus: 'pci', ...match }).match, driver, { ...source, line: index + 1 }),
    ),
  });
}
