/** The rules for drivers, [[bind]]: what a match may have, and which rule decides for a device. */
import type { FactName, Facts } from '../devices/types.ts';
import { printable } from '../text/printable.ts';
import { globMatches } from './glob.ts';
import { matches } from './match.ts';
import type { BindRule, Condition, Match, SourceLocation } from './policy.ts';

/**
 * The facts that are known when the kernel announces a device (`add`), before any driver has it. The others come from VFIO
 * itself (node, group node), from the driver, or from files that udev cannot read.
 */
export const bindFacts: readonly FactName[] = [
  'bus',
  'name',
  'syspath',
  'path',
  'vendor',
  'device',
  'subsystemVendor',
  'subsystemDevice',
  'class',
  'revision',
  'numaNode',
  'function',
  'pf',
];

/** The buses with driver_override, and the VFIO driver of each. A mediated device has its driver from the start. */
export const bindBuses: Readonly<Record<string, string>> = {
  pci: 'vfio-pci',
  platform: 'vfio-platform',
  amba: 'vfio-amba',
  'fsl-mc': 'vfio-fsl-mc',
  cdx: 'vfio-cdx',
};

/** What is wrong with a condition, or with the whole match if `key` is empty. */
interface BindProblem {
  readonly key: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

/**
 * A path without wildcards, or everything below it: the only forms that udev can compare with a device's directory. A domain of
 * more digits is that of a nested host bridge (VMD), whose devices have paths that begin with the bridge above.
 */
const pathForm = /^pci[0-9a-f]{4}_[0-9a-f]{2}(-pci|-[0-9a-f]{2}\.[0-7])*(-[0-9a-f]{2}\.[0-7]|-\*)$/;

/** Returns what is wrong with the match of a [[bind]] rule, which has already been parsed. */
export function bindProblems(match: Match): BindProblem[] {
  return [
    ...match.flatMap((condition) => conditionProblems(condition)),
    ...(match.some(selects) ? [] : [emptyProblem]),
    ...(hasPlain(match, 'path') && hasPlain(match, 'pf') ? [pathOfVfProblem] : []),
  ];
}

function hasPlain(match: Match, name: FactName): boolean {
  return match.some(({ fact, negate }) => fact === name && !negate);
}

const pathOfVfProblem: BindProblem = {
  key: ['path'],
  message: 'cannot match: a VF, which has a pf, has no path in a rule for drivers',
  hint: 'leave one of them out',
};

const emptyProblem: BindProblem = {
  key: [],
  message: 'expected a match that selects devices, found one that fits every device of its bus',
  hint: 'match the name, the path, or vendor and device',
};

const digits = '0123456789abcdef'.split('');

/** Values that differ in every place, as PCI devices have them: a condition that fits all of them selects nothing. */
const differentValues: Partial<Record<FactName, readonly string[]>> = {
  name: digits.map((digit, index) => `0000:${digit}${digit}:${index % 2}${digit}.${index % 8}`),
  function: digits.slice(0, 8),
  revision: digits.map((digit) => `0x${digit}${digit}`),
  // A disk, a network card, a graphics card, a sound card, a host controller of USB.
  class: ['0x010802', '0x020000', '0x030000', '0x040300', '0x0c0330'],
  syspath: digits.map((digit) => `/sys/devices/pci0000:${digit}${digit}/0000:${digit}${digit}:00.0`),
  ...Object.fromEntries(
    ['vendor', 'device', 'subsystemVendor', 'subsystemDevice'].map((fact) => [
      fact,
      digits.map((digit) => `0x${digit.repeat(4)}`),
    ]),
  ),
};

/** Whether the condition excludes devices by what they are; a list of all that is left alone would select a new card, too. */
function selects({ fact, negate, patterns }: Condition): boolean {
  if (fact === 'bus' || negate || !patterns.every((pattern) => /[^*?]/.test(pattern))) return false;
  const values = differentValues[fact];
  return !values?.every((value) => patterns.some((pattern) => globMatches(pattern, value)));
}

function conditionProblems({ fact, negate, patterns }: Condition): BindProblem[] {
  const key = negate ? ['not', fact] : [fact];
  if (!bindFacts.includes(fact))
    return [
      {
        key,
        message: `cannot be matched here: the ${fact} of a device is not known before a driver has it`,
        hint: `match ${bindFacts.filter((known) => known !== 'bus').join(', ')}`,
      },
    ];
  if (fact === 'bus') {
    const [bus = '', ...others] = patterns;
    if (!negate && others.length === 0 && Object.hasOwn(bindBuses, bus)) return [];
    const found = `${negate ? 'not ' : ''}${patterns.map(printable).join(', ')}`;
    return [{ key, message: `expected one of ${Object.keys(bindBuses).join(', ')}; found ${found}` }];
  }
  if (fact === 'path' && !patterns.every((pattern) => pathForm.test(pattern)))
    return [
      {
        key,
        message: 'expected a whole path, or one that ends in -* for what is below a bridge',
        hint: 'match a VF by its pf or its name',
      },
    ];
  if (fact === 'class' && !negate && patterns.every((pattern) => pattern.startsWith('0x06')))
    return [{ key, message: 'expected devices, found the class of bridges, which VFIO does not bind' }];
  return [];
}

/** The driver that is meant by the name of its module: `vfio-pci` for `vfio_pci`; else `undefined`. */
export function driverOfModule(name: string): string | undefined {
  return Object.values(bindBuses).find((driver) => driver !== name && driver.replaceAll('-', '_') === name);
}

/** Builds the rule; without a driver, it is the VFIO driver of the bus. */
export function bindRule(match: Match, driver: string | undefined, source: SourceLocation): BindRule {
  const bus = match.find(({ fact }) => fact === 'bus')?.patterns[0] ?? 'pci';
  const ofBus = bindBuses[bus] ?? 'vfio-pci';
  // Only PCI has several VFIO drivers.
  const isAuto = driver === 'auto' && bus !== 'pci';
  return { match, bus, driver: driver === undefined || isAuto ? ofBus : driver, source };
}

/** Returns the rules that match a device; the last one decides. */
export function fittingRules(rules: readonly BindRule[], facts: Facts): BindRule[] {
  return rules.filter((rule) => matches(rule.match, facts));
}

/** The conditions on the PF of a rule that takes every VF of a PF; `undefined` for other rules. */
export function pfConditions({ match }: BindRule): readonly Condition[] | undefined {
  const onPf = match.filter(({ fact }) => fact === 'pf');
  const isWhole = match.every(({ fact }) => fact === 'bus' || fact === 'pf');
  return isWhole && onPf.some(({ negate }) => !negate) ? onPf : undefined;
}

/** Whether the rule takes every VF of the PF with this name, so that no driver of the host needs to try them. */
export function takesVfsOf(rule: BindRule, pf: string): boolean {
  return (
    pfConditions(rule)?.every(
      ({ patterns, negate }) => patterns.some((pattern) => globMatches(pattern, pf)) !== negate,
    ) ?? false
  );
}
