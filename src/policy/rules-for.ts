/** Finds the rules that a device can match. A policy may have a rule for each device, of which all but a few have another name. */
import type { Facts } from '../devices/types.ts';
import { isExact } from './glob.ts';
import type { Match } from './policy.ts';

interface Rule {
  readonly match: Match;
}

interface Index {
  /** The places of the rules that do not depend on the name alone. */
  readonly others: readonly number[];
  /** The places of the rules by each name that they match: a name, or `*:01:00.0`. */
  readonly byName: ReadonlyMap<string, readonly number[]>;
}

/** Fewer rules are compared with the facts as fast. */
const MIN_RULES = 8;

const indexes = new WeakMap<readonly Rule[], Index>();

/** Returns the rules in their order, without those that require other names than the device's. */
export function rulesFor<R extends Rule>(rules: readonly R[], { name }: Pick<Facts, 'name'>): readonly R[] {
  if (rules.length < MIN_RULES) return rules;
  const index = indexes.get(rules) ?? createIndex(rules);
  indexes.set(rules, index);
  const named = keysOf(name).flatMap((key) => index.byName.get(key) ?? []);
  const places =
    named.length === 0 ? index.others : [...new Set([...index.others, ...named])].sort((a, b) => a - b);
  return places.flatMap((place) => rules[place] ?? []);
}

/** The patterns that fit the name: itself, and `*` before each of its colons. */
function keysOf(name: string): string[] {
  const keys = [name];
  for (let at = name.indexOf(':'); at >= 0; at = name.indexOf(':', at + 1)) keys.push(`*${name.slice(at)}`);
  return keys;
}

function createIndex(rules: readonly Rule[]): Index {
  const others: number[] = [];
  const byName = new Map<string, number[]>();
  for (const [place, { match }] of rules.entries()) {
    const names = match.find(({ fact, negate }) => fact === 'name' && !negate)?.patterns;
    if (!names?.every(isName)) {
      others.push(place);
      continue;
    }
    for (const name of names) {
      const places = byName.get(name);
      if (places) places.push(place);
      else byName.set(name, [place]);
    }
  }
  return { others, byName };
}

/** Whether the pattern is a name, or an address without its domain. */
function isName(pattern: string): boolean {
  return isExact(pattern.startsWith('*:') ? pattern.slice(1) : pattern);
}
