/** From a policy's match to the keys of udev lines, one bus a line. Pure; knows nothing of what the lines do. */
import type { Condition, Match } from '../config/policy.ts';
import { globMatches, isExact } from '../names/glob.ts';
import { knownBuses } from '../names/scheme.ts';
import type { Keys } from './line.ts';
import { busName, cannotExpress, udevMatch } from './quote.ts';
import { type UdevFact, udevFacts } from './udev-facts.ts';

/** The devices of one match on one bus. */
export interface Selection {
  readonly bus: string;
  /** Alternatives of keys that udev knows by itself, the device itself found as the parent; each begins with SUBSYSTEMS. */
  readonly native: readonly Keys[];
  /** Further keys on what vfio_id printed; empty where no program is needed. */
  readonly imported: Keys;
}

/** `want`, then `yes` where the facts of vfio_id are there; private to the event (a dot keeps it out of udev's database). */
export const imported = 'ENV{.VFIO_NAMES}';

/** Every bus on which the match can hold, with the keys for it. */
export function select(match: Match): Selection[] {
  return busesOf(match).flatMap((bus) => {
    const selection = selectOn(bus, match);
    return selection ? [selection] : [];
  });
}

/** The buses known today, and those that a match names exactly. */
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
  const more: string[] = [];
  let alternatives: Keys[] = [[]];
  for (const condition of match) {
    const fact = udevFacts[condition.fact];
    const operator = condition.negate ? '!=' : '==';
    switch (fact.kind) {
      case 'fixed':
        if (fact.value !== undefined && fits(condition, fact.value) === condition.negate) return undefined;
        break;
      case 'parent':
        own.push(`${fact.key}${operator}${udevMatch(condition.patterns)}`);
        break;
      case 'event':
        tests.push(`${fact.key}${operator}${udevMatch(condition.patterns)}`);
        break;
      case 'function':
        if (bus === 'pci')
          own.push(`KERNELS${operator}${udevMatch(condition.patterns.map((pattern) => `*.${pattern}`))}`);
        else if (!condition.negate) return undefined;
        break;
      case 'devpath':
        tests.push(`DEVPATH${operator}${udevMatch(condition.patterns.map(devpathPattern))}`);
        break;
      case 'attribute':
        alternatives = alternatives.flatMap((keys) =>
          attributeKeys(fact, bus, condition).map((more) => [...keys, ...more]),
        );
        break;
      case 'import':
        if (!condition.negate && !canHave(fact, bus)) return undefined;
        if (!condition.negate && fact.file !== undefined) tests.push(fileTest(bus, fact.file));
        more.push(`ENV{${fact.property}}${operator}${udevMatch(condition.patterns.map(notEmpty))}`);
        break;
      case 'decided':
        throw cannotExpress(
          'udev',
          `a match on ${condition.fact}`,
          'it is what the rules themselves set; match another fact',
        );
    }
  }
  return {
    bus,
    native: alternatives.map((keys) => [`SUBSYSTEMS=="${busName(bus)}"`, ...own, ...keys, ...tests]),
    imported: more.length > 0 ? [`${imported}=="yes"`, ...more] : [],
  };
}

/** To udev a property that is not there is the empty text, which `*` fits; to a policy no pattern fits what is not there. */
function notEmpty(pattern: string): string {
  return /^\*+$/.test(pattern) ? '?*' : pattern;
}

/** That the nearest ancestor on the bus is the device itself: only then is the event's vfioN right below it. */
function deviceTest(bus: string): string {
  return fileTest(bus, 'vfio-dev/$kernel');
}

/** That the device found has `file` in its directory. */
export function fileTest(bus: string, file: string, operator = '=='): string {
  return `TEST${operator}"/sys/bus/${busName(bus)}/devices/$id/${file}"`;
}

/** Whether devices of the bus can have the fact. */
export function canHave(fact: UdevFact, bus: string): boolean {
  if (fact.kind === 'function') return bus === 'pci';
  return fact.kind !== 'import' || fact.bus === undefined || fact.bus === bus;
}

/**
 * udev's ATTRS{x}!="y" does not hold where there is no x (attr_match in udev-rules.c), a policy's negation does: so a
 * second alternative for devices without it.
 */
function attributeKeys(fact: UdevFact & { kind: 'attribute' }, bus: string, condition: Condition): Keys[] {
  const pattern = udevMatch(condition.patterns);
  if (!condition.negate) {
    const shaped = condition.patterns.every((one) => isExact(one) && globMatches(fact.present, one));
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
  throw cannotExpress(
    'udev',
    `the syspath pattern ${JSON.stringify(pattern)}`,
    'begin it with /sys/devices/ or */',
  );
}
