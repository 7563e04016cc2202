/** Compares the rules of a policy with the devices of this machine: which rules fit none, or several where one is meant. */
import type { Facts } from '../devices/types.ts';
import { printable } from '../text/printable.ts';
import { plural } from '../text/prose.ts';
import { matches } from './match.ts';
import type { Match, NamePart, Policy, SourceLocation } from './policy.ts';

/** The most pairs of a rule and a device that are compared; the rest is not reported. */
const MAX_COMPARISONS = 5_000_000;

/** How many devices a message names. */
const MAX_NAMES = 3;

/** How many devices of this machine a rule fits. */
export interface RuleFit {
  readonly source: SourceLocation;
  /** `names.by-alias.gpu`, `link`, `access` */
  readonly key: string;
  readonly names: readonly string[];
  /** Whether only one device can have what the rule gives. */
  readonly isForOne: boolean;
}

/**
 * Returns the devices that each rule for names and for access fits, in the order of the rules; rules of families are omitted.
 * Facts must have all that the policy uses.
 */
export function countFits(policy: Policy, devices: readonly Facts[]): RuleFit[] {
  let left = devices.length === 0 ? 0 : Math.floor(MAX_COMPARISONS / devices.length);
  const fitOf = (match: Match, fit: Omit<RuleFit, 'names'>): RuleFit[] =>
    left-- > 0
      ? [{ ...fit, names: devices.filter((facts) => matches(match, facts)).map(({ name }) => name) }]
      : [];
  const links = policy.linkRules.flatMap(({ match, template, family, source }) => {
    if (family !== undefined && family !== 'by-alias') return [];
    const fixed = fixedName(template);
    const alias = family === undefined ? undefined : fixed?.replace(/^by-alias\//, '');
    const key = alias === undefined ? 'link' : `names.by-alias.${alias}`;
    return fitOf(match, { source, key, isForOne: fixed !== undefined });
  });
  const access = policy.accessRules.flatMap(({ match, source }) =>
    fitOf(match, { source, key: 'access', isForOne: false }),
  );
  return [...links, ...access];
}

/** Whether a rule fits no device, or several where one is meant. Not an error: devices are added and removed. */
export function isUnfit({ names, isForOne }: RuleFit): boolean {
  return names.length === 0 || (names.length > 1 && isForOne);
}

/** The name of a rule without facts, which only one device can have. */
function fixedName(template: readonly NamePart[]): string | undefined {
  const texts = template.map((part) => ('text' in part ? part.text : undefined));
  return texts.includes(undefined) ? undefined : texts.join('');
}

/** `fits 5 devices here: 0000:02:00.0, 0000:02:00.1, 0000:02:00.2 and 2 more` */
export function fitMessage(fit: RuleFit): string {
  const { names } = fit;
  if (names.length === 0) return 'fits no device here';
  const shown = names.slice(0, MAX_NAMES).map(printable).join(', ');
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  const one = isUnfit(fit) ? '; only one of them gets the name' : '';
  return `fits ${plural(names.length, 'device')} here: ${shown}${more}${one}`;
}
