/** Parses the `match` table of a policy into checked conditions and errors. */
import type { Condition, Match } from '../config/policy.ts';
import type { FactName } from '../devices/device.ts';
import { printable } from '../text/printable.ts';
import { globProblem, isExact } from './glob.ts';
import { findContradictions } from './match-contradictions.ts';
import { type FactKind, factKinds, matchFacts, pciNameKind } from './match-facts.ts';

/** A table of facts from TOML; the schema has checked that each value is a string, a number, or a list of these. */
export type RawMatch = Readonly<Record<string, unknown>>;

/** An error in a match; `key` is the key inside the match, `vendor` or `not.bus`, or empty for the whole match. */
export interface MatchError {
  readonly key: string;
  readonly message: string;
}

export interface ParsedMatch {
  readonly match: Match;
  readonly errors: readonly MatchError[];
}

/** Parses `{ bus = "pci", vendor = ["10de", "1002"], not = { driver = "x*" } }`; conditions have the order of matchFacts. */
export function parseMatch(raw: RawMatch): ParsedMatch {
  const errors: MatchError[] = [];
  const negated = (raw['not'] ?? {}) as RawMatch;
  const buses = textsOf(raw['bus'] ?? []);
  const onPci = buses.length > 0 && buses.every((bus) => bus === 'pci');
  const match = matchFacts.flatMap((fact) => [
    ...parseCondition(fact, raw[fact], false, onPci, errors),
    ...parseCondition(fact, negated[fact], true, onPci, errors),
  ]);
  if (errors.length === 0) errors.push(...findContradictions(match));
  return { match, errors };
}

function parseCondition(
  fact: FactName,
  value: unknown,
  negate: boolean,
  onPci: boolean,
  complaints: MatchError[],
): Condition[] {
  if (value === undefined) return [];
  const kind = fact === 'name' && onPci ? pciNameKind : factKinds[fact];
  if (!kind) return [];
  const key = negate ? `not.${fact}` : fact;
  const patterns: string[] = [];
  for (const found of Array.isArray(value) ? value : [value]) {
    const problem = typeof found === 'number' ? numberProblem(kind, found) : undefined;
    const pattern = kind.normalize ? kind.normalize(String(found)) : String(found);
    const message = problem ?? patternProblem(kind, pattern, String(found));
    if (message !== undefined) complaints.push({ key, message });
    else if (!patterns.includes(pattern)) patterns.push(pattern);
  }
  return [{ fact, negate, patterns: patterns.sort() }];
}

function numberProblem(kind: FactKind, found: number): string | undefined {
  if (kind.allowsNumber && Number.isSafeInteger(found)) return undefined;
  return `expected ${kind.expected} in quotes, found the number ${found}`;
}

function patternProblem(kind: FactKind, pattern: string, found: string): string | undefined {
  const problem = globProblem(pattern);
  if (problem !== undefined) return `bad pattern "${printable(found)}": ${problem}`;
  const possible = isExact(pattern)
    ? (kind.shape?.test(pattern) ?? true)
    : (kind.literalChars?.test(literalsOf(pattern)) ?? true);
  if (possible) return undefined;
  return `no device has it: expected ${kind.expected}, found "${printable(found)}"`;
}

/** Returns the literal characters of a pattern, without its wildcards and sets. */
function literalsOf(pattern: string): string {
  return pattern.replace(/\[!?.[^\]]*\]/g, '').replace(/[*?]/g, '');
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
