/** Compares the rules of a policy with the devices of this machine: which rules fit none, or several where one is meant. */
import type { Facts } from '../devices/types.ts';
import { printable } from '../text/printable.ts';
import type { Diagnostic } from './diagnostics.ts';
import { matches } from './match.ts';
import type { Match, NamePart, Policy } from './policy.ts';

/** The most pairs of a rule and a device that are compared; the rest is not reported. */
const MAX_COMPARISONS = 5_000_000;

/** How many devices a message names. */
const MAX_NAMES = 3;

/**
 * Returns one note for each rule that fits no device, and for each name that several devices would get. Facts must have all
 * that the policy uses. Not an error: devices are added and removed.
 */
export function findUnfitRules(policy: Policy, devices: readonly Facts[]): Diagnostic[] {
  let left = devices.length === 0 ? 0 : Math.floor(MAX_COMPARISONS / devices.length);
  const fitting = (match: Match): readonly Facts[] | undefined =>
    left-- > 0 ? devices.filter((facts) => matches(match, facts)) : undefined;
  const links = policy.linkRules.flatMap(({ match, template, family, source }) => {
    if (family !== undefined && family !== 'by-alias') return [];
    const fixed = fixedName(template);
    const found = fitting(match);
    if (!found || found.length === 1 || (found.length > 1 && fixed === undefined)) return [];
    const alias = family === undefined ? undefined : fixed?.replace(/^by-alias\//, '');
    const key = alias === undefined ? 'link' : `names.by-alias.${alias}`;
    return [{ source, key, message: fitMessage(found) }];
  });
  const access = policy.accessRules.flatMap(({ match, source }) =>
    fitting(match)?.length === 0 ? [{ source, key: 'access', message: fitMessage([]) }] : [],
  );
  return [...links, ...access];
}

/** The name of a rule without facts, which only one device can have. */
function fixedName(template: readonly NamePart[]): string | undefined {
  const texts = template.map((part) => ('text' in part ? part.text : undefined));
  return texts.includes(undefined) ? undefined : texts.join('');
}

function fitMessage(found: readonly { readonly name: string }[]): string {
  if (found.length === 0) return 'fits no device here';
  const names = found.slice(0, MAX_NAMES).map(({ name }) => printable(name));
  const more = found.length > MAX_NAMES ? ` and ${found.length - MAX_NAMES} more` : '';
  return `fits ${found.length} devices here: ${names.join(', ')}${more}; only one of them gets the name`;
}
