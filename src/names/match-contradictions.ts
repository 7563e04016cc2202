/** Matches that no device can fit. Pure; sees no device. */
import type { Condition, Match } from '../config/policy.ts';
import { printable } from '../text/printable.ts';
import { globMatches } from './glob.ts';
import { refusesItself } from './match-compare.ts';
import { factKinds } from './match-facts.ts';
import type { Complaint } from './match-parse.ts';
import { knownBuses } from './scheme.ts';

/** One complaint for each condition that shuts out all devices which the others leave. */
export function contradictions(match: Match): Complaint[] {
  const plain = match.filter((condition) => !condition.negate);
  return [
    ...plain.flatMap((condition) => busTrouble(condition, plain)),
    ...match.flatMap((c) => denied(c, plain)),
  ];
}

/** A fact that devices of the asked bus never have, or two facts that no bus has together. */
function busTrouble(condition: Condition, plain: readonly Condition[]): Complaint[] {
  const buses = factKinds[condition.fact]?.buses;
  if (!buses) return [];
  const asked = plain.find((other) => other.fact === 'bus');
  if (asked) {
    if (asked.patterns.some((pattern) => mayBe(pattern, buses))) return [];
    const found = asked.patterns.map(printable).join(', ');
    const message = `can't match: devices on bus ${found} have no ${condition.fact}, only those on ${buses.join(', ')}`;
    return [{ key: condition.fact, message }];
  }
  const rival = plain.find((other) => {
    const others = factKinds[other.fact]?.buses;
    return others !== undefined && !others.some((bus) => buses.includes(bus));
  });
  // Said once, at the later of the two.
  if (!rival || plain.indexOf(rival) > plain.indexOf(condition)) return [];
  return [
    { key: condition.fact, message: `can't match: no device has both ${rival.fact} and ${condition.fact}` },
  ];
}

/** Whether a bus that fits can be one of `buses`, or one that is not known yet. */
function mayBe(pattern: string, buses: readonly string[]): boolean {
  const known: readonly string[] = knownBuses;
  return buses.some((bus) => globMatches(pattern, bus)) || !known.some((bus) => globMatches(pattern, bus));
}

/** A negation that refuses all that the plain condition allows, or all that there is. */
function denied(condition: Condition, plain: readonly Condition[]): Complaint[] {
  if (!condition.negate) return [];
  const key = `not.${condition.fact}`;
  const own = plain.find((other) => other.fact === condition.fact);
  if (own && refusesItself(own, condition))
    return [{ key, message: `can't match: it refuses every ${condition.fact} that the match allows` }];
  if (factKinds[condition.fact]?.always && condition.patterns.some((pattern) => /^\*+$/.test(pattern)))
    return [{ key, message: `can't match: every device has a ${condition.fact}` }];
  return [];
}
