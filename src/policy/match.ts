/** Parses the `match` table of a policy into checked conditions and errors. */

import type { FactName, Facts } from '../devices/types.ts';
import { knownBuses } from '../names/scheme.ts';
import { printable } from '../text/printable.ts';
import { type FactKind, factKinds, matchFacts, pciNameKind } from './facts.ts';
import { globMatches, globProblem, isExact } from './glob.ts';
import { canMatch } from './pattern-forms.ts';
import { patternWarning } from './pattern-habits.ts';
import type { Condition, Match } from './policy.ts';

/** Whether every text that matches `narrow` also matches `broad`; `false` if this cannot be determined. */
export function patternCovers(broad: string, narrow: string): boolean {
  if (broad === narrow || /^\*+$/.test(broad)) return true;
  return isExact(narrow) && globMatches(broad, narrow);
}

/** Whether every device that matches `narrow` also matches `broad`; `false` if this cannot be determined. */
export function matchCovers(broad: Match, narrow: Match): boolean {
  return broad.every((condition) => narrow.some((other) => implies(other, condition)));
}

/** Whether `implied` is true for every device for which `known` is true; `false` if this cannot be determined. */
function implies(known: Condition, implied: Condition): boolean {
  if (known.fact !== implied.fact) return false;
  if (!implied.negate) return !known.negate && allCovered(implied.patterns, known.patterns);
  if (known.negate) return allCovered(known.patterns, implied.patterns);
  return known.patterns.every(
    (pattern) => isExact(pattern) && !implied.patterns.some((excluded) => globMatches(excluded, pattern)),
  );
}

function allCovered(broad: readonly string[], narrow: readonly string[]): boolean {
  return narrow.every((pattern) => broad.some((wider) => patternCovers(wider, pattern)));
}

/** Whether the two conditions of one fact contradict each other: `negated` excludes every value that `plain` allows. */
export function contradicts(plain: Condition, negated: Condition): boolean {
  return allCovered(negated.patterns, plain.patterns);
}

/** Returns one error for each condition that excludes all devices that the other conditions allow. */
function findContradictions(match: Match): MatchError[] {
  const plain = match.filter((condition) => !condition.negate);
  return [
    ...plain.flatMap((condition) => busContradictions(condition, plain)),
    ...match.flatMap((c) => negationContradictions(c, plain)),
  ];
}

/** Reports a fact that devices on the matched bus never have, or two facts that no bus has together. */
function busContradictions(condition: Condition, plain: readonly Condition[]): MatchError[] {
  const buses = factKinds[condition.fact]?.buses;
  if (!buses) return [];
  const busCondition = plain.find((other) => other.fact === 'bus');
  if (busCondition) {
    if (busCondition.patterns.some((pattern) => mayBe(pattern, buses))) return [];
    const found = busCondition.patterns.map(printable).join(', ');
    const message = `cannot match: devices on bus ${found} have no ${condition.fact}, only those on ${buses.join(', ')}`;
    return [{ key: condition.fact, message }];
  }
  const conflicting = plain.find((other) => {
    const otherBuses = factKinds[other.fact]?.buses;
    return otherBuses !== undefined && !otherBuses.some((bus) => buses.includes(bus));
  });
  // Reported once, at the later of the two.
  if (!conflicting || plain.indexOf(conflicting) > plain.indexOf(condition)) return [];
  return [
    {
      key: condition.fact,
      message: `cannot match: no device has both ${conflicting.fact} and ${condition.fact}`,
    },
  ];
}

/** Whether a bus that matches the pattern can be one of `buses`, or a bus that is not in knownBuses. */
function mayBe(pattern: string, buses: readonly string[]): boolean {
  const known: readonly string[] = knownBuses;
  return buses.some((bus) => globMatches(pattern, bus)) || !known.some((bus) => globMatches(pattern, bus));
}

/** Reports a negation that excludes every value that the plain condition allows, or every value there can be. */
function negationContradictions(condition: Condition, plain: readonly Condition[]): MatchError[] {
  if (!condition.negate) return [];
  const key = `not.${condition.fact}`;
  const own = plain.find((other) => other.fact === condition.fact);
  if (own && contradicts(own, condition))
    return [{ key, message: `cannot match: it refuses every ${condition.fact} that the match allows` }];
  if (factKinds[condition.fact]?.alwaysPresent && condition.patterns.some((pattern) => /^\*+$/.test(pattern)))
    return [{ key, message: `cannot match: every device has a ${condition.fact}` }];
  return [];
}

/** A table of facts from TOML; the schema has checked that each value is a string, a number, or a list of these. */
export type RawMatch = Readonly<Record<string, unknown>>;

/** An error or a warning in a match. */
interface MatchError {
  /** The key inside the match, `vendor` or `not.bus`, or empty for the whole match. */
  readonly key: string;
  /** The index in the list of patterns. */
  readonly index?: number;
  readonly message: string;
  readonly hint?: string;
}

interface ParsedMatch {
  readonly match: Match;
  readonly errors: readonly MatchError[];
  /** Patterns that hardly match a device. */
  readonly warnings: readonly MatchError[];
}

/** Parses `{ bus = "pci", vendor = ["10de", "1002"], not = { driver = "x*" } }`; conditions have the order of matchFacts. */
export function parseMatch(raw: RawMatch): ParsedMatch {
  const errors: MatchError[] = [];
  const warnings: MatchError[] = [];
  const negated = (raw['not'] ?? {}) as RawMatch;
  const buses = textsOf(raw['bus'] ?? []);
  const onPci = buses.length > 0 && buses.every((bus) => bus === 'pci');
  const match = matchFacts.flatMap((fact) => [
    ...parseCondition(fact, raw[fact], false, onPci, errors, warnings),
    ...parseCondition(fact, negated[fact], true, onPci, errors, warnings),
  ]);
  if (errors.length === 0) errors.push(...findContradictions(match));
  return { match, errors, warnings };
}

/** More than a list that a person writes has: the patterns of one fact are compared with each other. */
const MAX_PATTERNS = 1000;

function parseCondition(
  fact: FactName,
  value: unknown,
  negate: boolean,
  onPci: boolean,
  errors: MatchError[],
  warnings: MatchError[],
): Condition[] {
  if (value === undefined) return [];
  const kind = fact === 'name' && onPci ? pciNameKind : factKinds[fact];
  if (!kind) return [];
  const key = negate ? `not.${fact}` : fact;
  const patterns = new Set<string>();
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (given.length > MAX_PATTERNS) {
    errors.push({ key, message: `expected at most ${MAX_PATTERNS} patterns, found ${given.length}` });
    return [];
  }
  for (const [position, found] of given.entries()) {
    const index = Array.isArray(value) ? { index: position } : {};
    const problem = typeof found === 'number' ? numberProblem(kind, found) : undefined;
    const pattern = kind.normalize ? kind.normalize(String(found)) : String(found);
    const message = problem ?? patternProblem(kind, pattern, String(found));
    const warning = patternWarning(fact, pattern);
    if (message !== undefined) errors.push({ key, ...index, message });
    else {
      patterns.add(pattern);
      if (warning) warnings.push({ key, ...index, ...warning });
    }
  }
  return [{ fact, negate, patterns: [...patterns].sort() }];
}

function numberProblem(kind: FactKind, found: number): string | undefined {
  if (kind.allowsNumber && Number.isSafeInteger(found)) return undefined;
  return `expected ${kind.expected} in quotes, found the number ${found}`;
}

function patternProblem(kind: FactKind, pattern: string, found: string): string | undefined {
  const problem = globProblem(pattern);
  if (problem !== undefined) return `bad pattern "${shortened(found)}": ${problem}`;
  const possible = isExact(pattern)
    ? (kind.shape?.test(pattern) ?? true)
    : (kind.forms?.some((parts) => canMatch(pattern, parts)) ?? true);
  if (possible) return undefined;
  return `expected ${kind.expected}, found "${shortened(found)}"`;
}

/** The text for a message: printable, and shortened if it is long. */
function shortened(text: string): string {
  return printable(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Whether all conditions are true; Condition in policy.ts defines the result for a fact that the device does not have. */
export function matches(match: Match, facts: Facts): boolean {
  return match.every((condition) => isTrue(condition, facts));
}

function isTrue(condition: Condition, facts: Facts): boolean {
  const value = facts[condition.fact];
  const fits = value !== undefined && condition.patterns.some((pattern) => globMatches(pattern, value));
  return fits !== condition.negate;
}
