/** Compares matches by their patterns alone, without devices. */
import type { Condition, Match } from '../config/policy.ts';
import { globMatches, isExact } from './glob.ts';

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
