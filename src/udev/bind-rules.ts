/**
 * Compiles the rules for drivers to the lines of a file of udev rules of its own. The kernel announces a device (`add`) before
 * it looks for a driver; the lines set driver_override, load the module of that driver, and have the kernel look for a driver.
 * A device that already has a driver is left alone, so that a second `add` event changes nothing.
 */

import { aliasCondition, type DriverAlias } from '../bind/driver-alias.ts';
import { pfConditions } from '../policy/bind.ts';
import { globMatches, isExact } from '../policy/glob.ts';
import type { BindRule, Condition, Match, Policy } from '../policy/policy.ts';
import { udevFacts } from './facts.ts';
import {
  checkBusName,
  formatRule,
  notExpressible,
  policyId,
  quotePatterns,
  type UdevKeys,
} from './syntax.ts';

interface UdevBindRules {
  readonly policy: string;
  readonly scheme: number;
  /** `pci|platform` */
  readonly buses: string;
  /** Lines that keep drivers of the host from the VFs of a PF. */
  readonly pfs: readonly string[];
  /** Whether a line tests the PF of a VF, which the kernel links only after the VF's `add` event. */
  readonly needsPf: boolean;
  /** Lines that set the override; the first that matches decides. */
  readonly rules: readonly string[];
  /** Lines that have the kernel look for a driver, one per bus. */
  readonly probes: readonly string[];
}

/** Compiles the [[bind]] rules; `aliases` are the VFIO drivers of this kernel, for `driver = "auto"`. */
export function compileBindRules(policy: Policy, aliases: readonly DriverAlias[]): UdevBindRules {
  const rules = policy.bindRules.toReversed();
  const buses = [...new Set(policy.bindRules.map(({ bus }) => checkBusName(bus)))].sort();
  const lines = unique(rules.flatMap((rule) => ruleLines(rule, aliases)));
  const firstWithPf = lines.findIndex((line) => line.includes(pfLink));
  return {
    policy: policyId(policy),
    scheme: policy.scheme,
    buses: buses.join('|'),
    pfs: unique(rules.flatMap(pfLines)),
    needsPf: firstWithPf >= 0,
    rules: firstWithPf < 0 ? lines : lines.toSpliced(firstWithPf, 0, untilPfIsLinked),
    probes: buses.map((bus) =>
      formatRule([`SUBSYSTEM=="${bus}"`, `ATTR{[subsystem/${bus}]drivers_probe}="$kernel"`]),
    ),
  };
}

/** A key that compares whether the device is a VF. */
const pfLink = '="physfn"';

/**
 * Leaves a VF whose PF is not linked yet to its `change` event. Only VFs have the attribute, and have it from the beginning, since
 * Linux 5.13 (sriov_vf_attrs_are_visible). The line comes before the first one that depends on the PF.
 */
const untilPfIsLinked = formatRule([
  'SUBSYSTEM=="pci"',
  'TEST=="sriov_vf_msix_count"',
  'TEST!="physfn"',
  'GOTO="vfio_names_bind_end"',
]);

function ruleLines(rule: BindRule, aliases: readonly DriverAlias[]): string[] {
  const selections = selectOn(rule);
  const line = (keys: UdevKeys, driver: string): string =>
    formatRule([
      ...keys,
      `ATTR{driver_override}="${checkDriver(driver)}"`,
      `RUN{builtin}+="kmod load ${checkDriver(driver)}"`,
      'GOTO="vfio_names_bind_probe"',
    ]);
  if (rule.driver !== 'auto') return selections.map((keys) => line(keys, rule.driver));
  return aliases
    .filter(({ bus }) => bus === rule.bus)
    .flatMap((alias) => {
      const ids = aliasCondition(alias);
      if (ids.some((id) => excludes(rule.match, id))) return [];
      const added = ids.map(
        ({ fact, patterns }) => `ATTR{${attributeFile(fact)}}==${quotePatterns(patterns)}`,
      );
      return selections.map((keys) => line([...new Set([...keys, ...added])], alias.driver));
    });
}

/** Whether the match never holds for the id of an alias: udevadm verify reports lines that cannot match. */
function excludes(match: Match, { fact, patterns: [id = ''] }: Condition): boolean {
  return (
    isExact(id) &&
    match.some(
      (condition) =>
        condition.fact === fact &&
        condition.patterns.some((pattern) => globMatches(pattern, id)) === condition.negate,
    )
  );
}

function attributeFile(fact: Condition['fact']): string {
  const known = udevFacts[fact];
  if (known.kind !== 'attribute') throw notExpressible('udev', `an attribute ${fact}`, 'match another fact');
  return known.file;
}

/** Checks the name of a driver for use in a rule and in driver_override. */
function checkDriver(driver: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(driver)) return driver;
  throw notExpressible(
    'udev',
    `the driver ${JSON.stringify(driver)}`,
    'name a driver as /sys/bus/pci/drivers lists it',
  );
}

/** The PFs of which the rule takes every VF. Without autoprobe, the kernel gives a VF only the driver of an override. */
function pfLines(rule: BindRule): string[] {
  const conditions = pfConditions(rule);
  if (conditions === undefined) return [];
  return [
    formatRule([
      'SUBSYSTEM=="pci"',
      ...conditions.map(({ negate, patterns }) => `KERNEL${negate ? '!=' : '=='}${quotePatterns(patterns)}`),
      'TEST=="sriov_drivers_autoprobe"',
      'ATTR{sriov_drivers_autoprobe}="0"',
    ]),
  ];
}

/** Returns alternatives of keys that select the devices of the rule at their `add` event. */
function selectOn({ bus, match }: BindRule): UdevKeys[] {
  let alternatives: UdevKeys[] = [[`SUBSYSTEM=="${checkBusName(bus)}"`]];
  for (const condition of match) {
    if (condition.fact === 'bus') continue;
    const added = conditionKeys(condition, bus);
    alternatives = alternatives.flatMap((keys) => added.map((more) => [...new Set([...keys, ...more])]));
  }
  return alternatives.filter(isPossible);
}

/** Whether no key is the opposite of another one: for a VF and not for a VF. */
function isPossible(keys: UdevKeys): boolean {
  return !keys.some((key) => keys.includes(key.replace('==', '!=')) && key.includes('=='));
}

function conditionKeys(condition: Condition, bus: string): UdevKeys[] {
  const { fact, negate, patterns } = condition;
  const operator = negate ? '!=' : '==';
  const known = udevFacts[fact];
  const notVf = 'TEST!="physfn"';
  const isVf = 'TEST=="physfn"';
  if (fact === 'name') return [[`KERNEL${operator}${quotePatterns(patterns)}`]];
  if (fact === 'function')
    return [[`KERNEL${operator}${quotePatterns(patterns.map((pattern) => `*.${pattern}`))}`]];
  if (fact === 'syspath') return [[`DEVPATH${operator}${quotePatterns(patterns.map(devpathOf))}`]];
  if (fact === 'path') {
    // A VF is below the same bridge as its PF, so its directory says nothing about its PF.
    const keys = [`DEVPATH${operator}${quotePatterns(patterns.flatMap(pathPatterns))}`, notVf];
    return negate ? [keys, [isVf]] : [keys];
  }
  if (fact === 'pf') {
    // The name of the PF in its `uevent`, the only attribute that has it; `?` is the end of the line.
    const slot = quotePatterns(patterns.map((pattern) => `*PCI_SLOT_NAME=${pattern}?MODALIAS=*`));
    const keys = [`ATTR{physfn/uevent}${operator}${slot}`, isVf];
    return negate ? [keys, [notVf]] : [keys];
  }
  if (known.kind === 'attribute') {
    const key = `ATTR{${known.file}}`;
    const test = `${key}${operator}${quotePatterns(patterns)}`;
    // A text of another shape, such as the NUMA node -1, is not a fact, and a pattern could match it.
    const isExactValue = patterns.every((text) => isExact(text) && globMatches(known.present, text));
    if (!negate) return [isExactValue ? [test] : [test, `${key}=="${known.present}"`]];
    return [
      [test],
      ...(isExactValue ? [] : [[`${key}!="${known.present}"`]]),
      ...(known.always.includes(bus) ? [] : [[`TEST!="${known.file}"`]]),
    ];
  }
  throw notExpressible('udev', `a match on ${fact} before a driver has the device`, 'match another fact');
}

/** DEVPATH is the syspath without /sys. */
function devpathOf(pattern: string): string {
  const below = /^\/sys(\/devices\/.*)$/.exec(pattern)?.[1] ?? (/^\*\/(?!sys\/)/.test(pattern) && pattern);
  if (below) return below;
  throw notExpressible(
    'udev',
    `the syspath pattern ${JSON.stringify(pattern)}`,
    'begin it with /sys/devices/ or */',
  );
}

const hex = (digits: number): string => '[0-9a-f]'.repeat(digits);

/** The domains of a nested host bridge (VMD), which the kernel assigns, have more than four digits (vmd_find_free_domain). */
const nestedDomains = [5, 6, 7, 8].map(hex);

/** Converts a path (devices/facts/path.ts) to patterns of DEVPATH: bus numbers, which it does not have, can be any. */
function pathPatterns(path: string): string[] {
  const [bridge = '', ...parts] = path.split('-');
  const [domain = '', root = ''] = bridge.slice('pci'.length).split('_');
  const begin = [{ text: `*/pci${domain}:${root}`, domains: [domain] }];
  const found = parts.reduce<readonly { readonly text: string; readonly domains: readonly string[] }[]>(
    (before, part) =>
      before.flatMap(({ text, domains }) => {
        if (part === '*') return [{ text: `${text}/*`, domains }];
        if (part === 'pci')
          return nestedDomains.map((nested) => ({
            text: `${text}/pci${nested}:${hex(2)}`,
            domains: [nested],
          }));
        return domains.map((one) => ({ text: `${text}/${one}:${hex(2)}:${part}`, domains: [one] }));
      }),
    begin,
  );
  return found.map(({ text }) => text);
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
