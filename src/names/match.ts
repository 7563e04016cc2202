/** Checks whether the facts of a device satisfy a match. */
import type { Condition, Match } from '../config/policy.ts';
import type { Facts } from '../devices/device.ts';
import { globMatches } from './glob.ts';

/** Whether all conditions are true; Condition in policy.ts defines the result for a fact that the device does not have. */
export function matches(match: Match, facts: Facts): boolean {
  return match.every((condition) => isTrue(condition, facts));
}

function isTrue(condition: Condition, facts: Facts): boolean {
  const value = facts[condition.fact];
  const fits = value !== undefined && condition.patterns.some((pattern) => globMatches(pattern, value));
  return fits !== condition.negate;
}
