/** Whether a device, by its facts, is one that a match means. Pure; where matches come from is not known here. */
import type { Condition, Match } from '../config/policy.ts';
import type { Facts } from '../devices/device.ts';
import { globMatches } from './glob.ts';

/** All conditions hold; policy.ts says what each means for a fact that the device lacks. */
export function matches(match: Match, facts: Facts): boolean {
  return match.every((condition) => holds(condition, facts));
}

function holds(condition: Condition, facts: Facts): boolean {
  const value = facts[condition.fact];
  const fits = value !== undefined && condition.patterns.some((pattern) => globMatches(pattern, value));
  return fits !== condition.negate;
}
