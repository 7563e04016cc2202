/** Which of two matches is the broader, as far as their patterns tell. Pure; sees no device. */
import type { Condition, Match } from '../config/policy.ts';
import { globMatches, isExact } from './glob.ts';

/** Whether every text that fits `narrow` certainly fits `broad`; `false` also where it can't be told. */
export function patternCovers(broad: string, narrow: string): boolean {
  if (broad === narrow || /^\*+$/.test(broad)) return true;
  return isExact(narrow) && globMatches(broad, narrow);
}

/** Whether every device of `narrow` is certainly one of `broad`; `false` also where it can't be told. */
export function matchCovers(broad: Match, narrow: Match): boolean {
  return broad.every((condition) => narrow.some((other) => implies(other, condition)));
}

/** Whether a device for which `known` holds certainly is one for which `asked` holds. */
function implies(known: Condition, asked: Condition): boolean {
  if (known.fact !== asked.fact) return false;
  if (!asked.negate) return !known.negate && allCovered(asked.patterns, known.patterns);
  if (known.negate) return allCovered(known.patterns, asked.patterns);
  return known.patterns.every(
    (pattern) => isExact(pattern) && !asked.patterns.some((refused) => globMatches(refused, pattern)),
  );
}

function allCovered(broad: readonly string[], narrow: readonly string[]): boolean {
  return narrow.every((pattern) => broad.some((wider) => patternCovers(wider, pattern)));
}

/** Whether no device can fit: each text that the plain condition of a fact allows is one that its negation refuses. */
export function refusesItself(plain: Condition, negated: Condition): boolean {
  return allCovered(negated.patterns, plain.patterns);
}
