/** Compiles a match of a policy to keys of udev lines, one line per bus. */

import { knownBuses } from '../names/scheme.ts';
import { globMatches, isExact } from '../policy/glob.ts';
import type { Condition, Match } from '../policy/policy.ts';
import { type UdevFact, udevFacts } from './facts.ts';
import type { UdevKeys } from './syntax.ts';
import { checkBusName, notExpressible, quotePatterns } from './syntax.ts';

/** Keys that select the devices of one match on one bus. */
export interface Selection {
  readonly bus: string;
  /** Alternatives of keys on udev's own data, which match the device as the parent; each begins with SUBSYSTEMS. */
  readonly udevKeys: readonly UdevKeys[];
  /** Additional keys on the output of vfio_id; empty if vfio_id is not needed. */
  readonly helperKeys: UdevKeys;
}

/** `want`, then `yes` when vfio_id's facts are imported; private to the event (udev's database skips names with a dot). */
export const helperState = 'ENV{.VFIO_NAMES}';

/** Returns the selection for every bus on which the match can be true. */
export function compileMatch(match: Match): Selection[] {
  return busesOf(match).flatMap((bus) => {
    const selection = selectOn(bus, match);
    return selection ? [selection] : [];
  });
}

/** Returns the known buses, and those that the match names exactly, if the match allows them. */
function busesOf(match: Match): string[] {
  const conditions = match.filter((condition) => condition.fact === 'bus');
  const named = conditions
    .filter((condition) => !condition.negate)
    .flatMap((condition) => condition.patterns);
  const candidates = [...knownBuses, ...named.filter(isExact)];
  return [...new Set(candidates)].filter((bus) =>
    conditions.every((condition) => fits(condition, bus) !== condition.negate),
  );
}

function fits(condition: Condition, value: string): boolean {
  return condition.patterns.some((pattern) => globMatches(pattern, value));
}

function selectOn(bus: string, match: Match): Selection | undefined {
  const own: string[] = [];
  const tests = [deviceTest(bus)];
  const imports: string[] = [];
  let alternatives: UdevKeys[] = [[]];
  for (const condition of match) {
    const fact = udevFacts[condition.fact];
    const operator = condition.negate ? '!=' : '==';
    switch (fact.kind) {
      case 'fixed':
        if (fact.value !== undefined && fits(condition, fact.value) === condition.negate) return undefined;
        break;
      case 'parent':
        own.push(`${fact.key}${operator}${quotePatterns(condition.patterns)}`);
        break;
      case 'event':
        tests.push(`${fact.key}${operator}${quotePatterns(condition.patterns)}`);
        break;
      case 'function':
        if (bus === 'pci')
          own.push(`KERNELS${operator}${quotePatterns(condition.patterns.map((pattern) => `*.${pattern}`))}`);
        else if (!condition.negate) return undefined;
        break;
      case 'devpath':
        tests.push(`DEVPATH${operator}${quotePatterns(condition.patterns.map(devpathPattern))}`);
        break;
      case 'attribute':
        alternatives = alternatives.flatMap((keys) =>
          attributeKeys(fact, bus, condition).map((added) => [...keys, ...added]),
        );
        break;
      case 'import':
        if (!condition.negate && !busHasFact(fact, bus)) return undefined;
        if (!condition.negate && fact.file !== undefined) tests.push(fileTest(bus, fact.file));
        imports.push(`ENV{${fact.property}}${operator}${quotePatterns(condition.patterns.map(notEmpty))}`);
        break;
      case 'decided':
        throw notExpressible(
          'udev',
          `a match on ${condition.fact}`,
          'it is what the rules themselves set; match another fact',
        );
    }
  }
  return {
    bus,
    udevKeys: alternatives.map((keys) => [`SUBSYSTEMS=="${checkBusName(bus)}"`, ...own, ...keys, ...tests]),
    helperKeys: imports.length > 0 ? [`${helperState}=="yes"`, ...imports] : [],
  };
}

/** For udev a missing property is the empty text, which `*` matches; in a policy no pattern matches a missing fact. */
function notEmpty(pattern: string): string {
  return /^\*+$/.test(pattern) ? '?*' : pattern;
}

/** Tests that the parent that udev matched is the device itself: only then does its directory contain the event's vfioN. */
function deviceTest(bus: string): string {
  return fileTest(bus, 'vfio-dev/$kernel');
}

/** Returns the key that tests whether the matched device has `file` in its directory. */
export function fileTest(bus: string, file: string, operator = '=='): string {
  return `TEST${operator}"/sys/bus/${checkBusName(bus)}/devices/$id/${file}"`;
}

/** Whether devices of the bus can have the fact. */
export function busHasFact(fact: UdevFact, bus: string): boolean {
  if (fact.kind === 'function') return bus === 'pci';
  return fact.kind !== 'import' || fact.bus === undefined || fact.bus === bus;
}

/**
 * udev's ATTRS{x}!="y" is false if x does not exist (attr_match in udev-rules.c), but a policy's negation is true: so
 * devices without the attribute need a second alternative.
 */
function attributeKeys(
  fact: UdevFact & { kind: 'attribute' },
  bus: string,
  condition: Condition,
): UdevKeys[] {
  const pattern = quotePatterns(condition.patterns);
  if (!condition.negate) {
    const shaped = condition.patterns.every((text) => isExact(text) && globMatches(fact.present, text));
    return [
      shaped ? [`${fact.key}==${pattern}`] : [`${fact.key}==${pattern}`, `${fact.key}=="${fact.present}"`],
    ];
  }
  const differs = [`${fact.key}!=${pattern}`];
  return fact.always.includes(bus) ? [differs] : [differs, [fileTest(bus, fact.file, '!=')]];
}

/** DEVPATH is the syspath of the event's device without /sys. */
function devpathPattern(pattern: string): string {
  const below = /^\/sys(\/devices\/.*)$/.exec(pattern)?.[1] ?? (/^\*\/(?!sys\/)/.test(pattern) && pattern);
  if (below) return `${below}/vfio-dev/vfio*`;
  throw notExpressible(
    'udev',
    `the syspath pattern ${JSON.stringify(pattern)}`,
    'begin it with /sys/devices/ or */',
  );
}
