/** Detects matches that no device can satisfy. */
import type { Condition, Match } from '../config/policy.ts';
import { printable } from '../text/printable.ts';
import { globMatches } from './glob.ts';
import { contradicts } from './match-compare.ts';
import { factKinds } from './match-facts.ts';
import type { MatchError } from './match-parse.ts';
import { knownBuses } from './scheme.ts';

/** Returns one error for each condition that excludes all devices that the other conditions allow. */
export function findContradictions(match: Match): MatchError[] {
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
    const message = `can't match: devices on bus ${found} have no ${condition.fact}, only those on ${buses.join(', ')}`;
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
      message: `can't match: no device has both ${conflicting.fact} and ${condition.fact}`,
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
    return [{ key, message: `can't match: it refuses every ${condition.fact} that the match allows` }];
  if (factKinds[condition.fact]?.alwaysPresent && condition.patterns.some((pattern) => /^\*+$/.test(pattern)))
    return [{ key, message: `can't match: every device has a ${condition.fact}` }];
  return [];
}
