/** The three modes of creating links with udev rules (`--via`), and the lines that differ between them. */

import type { FactName } from '../devices/types.ts';
import { formatRequest } from '../vfio-id/link-spec.ts';
import { factProperty, udevFacts } from './facts.ts';
import { fileTest, helperState } from './match.ts';
import { escapeUdev, formatRule, type UdevKeys } from './syntax.ts';

/**
 * `native`: udev builds the names that it can express, and vfio_id prints the others. `import`: vfio_id prints all names,
 * and udev creates the links. `run`: vfio_id creates and removes the links, for a udev that must not.
 */
const linkModes = ['native', 'import', 'run'] as const;

export type LinkMode = (typeof linkModes)[number];

/** Where packages install vfio_id; the rules TEST for it, so that without it only the links that need it are missing. */
export const helperPath = '/usr/lib/udev/vfio_id';

const helperExists = `TEST=="${helperPath}"`;

/** The request to vfio_id for the name of scheme 1. */
export const schemeRequest = formatRequest([{ fact: 'bus' }, { text: '/' }, { fact: 'name' }]);

/** The property that collects the requests of `run`; private to the event. */
const linksProperty = '.VFIO_NAMES_LINKS';

/** Returns the key that adds one name to the requests of the event's device. */
export function addRequest(number: number, text: string, priority: number): string {
  const prioritySuffix = priority === 0 ? '' : `:${priority}`;
  return `ENV{${linksProperty}}+="--link '${number}${prioritySuffix}=${escapeUdev(text)}'"`;
}

/** Returns the first lines of the rules, which remove the links of a removed device. DEVPATH is in the environment. */
export function removeLinkLines(via: LinkMode): string[] {
  if (via !== 'run') return [];
  const when = ['ACTION=="remove"', 'SUBSYSTEM=="vfio-dev"', helperExists];
  return [formatRule([...when, `RUN+="${helperPath} link remove"`])];
}

/** Returns the last lines of the rules, which create the links of a device. */
export function addLinkLines(via: LinkMode): string[] {
  return via === 'run'
    ? [formatRule([helperExists, `RUN+="${helperPath} link add $env{${linksProperty}}"`])]
    : [];
}

/** Returns the line that runs vfio_id once for each device that requests it. */
function importLine(imported: string, facts: readonly string[], options: readonly string[]): string {
  const command = [helperPath, '--export', `--facts=${facts.join(',')}`, ...options, "'$devpath'"];
  return formatRule([
    `${imported}=="want"`,
    helperExists,
    `IMPORT{program}="${command.join(' ')}"`,
    `${imported}="yes"`,
  ]);
}

/**
 * Returns the lines for a device on a bus that has no line of its own: udev cannot read the bus of a parent, so vfio_id
 * prints it. Names that the kernel uses below /dev/vfio are left out, as in names/scheme.ts.
 */
export function otherNameLines(): string[] {
  const [bus, name] = [factProperty('bus'), factProperty('name')];
  return [
    formatRule([helperExists, `IMPORT{program}="${helperPath} --export --facts=bus,name '$devpath'"`]),
    formatRule([
      `ENV{${bus}}=="?*"`,
      `ENV{${bus}}!="devices|vfio|noiommu-*|[0-9]*"`,
      `ENV{${name}}=="?*"`,
      `SYMLINK+="vfio/$env{${bus}}/$env{${name}}"`,
    ]),
  ];
}

/** Facts that are confirmed by the existence of one path. */
interface Check {
  readonly facts: readonly FactName[];
  /** Keys that match the devices with these facts, and the device itself as the parent. */
  readonly where: UdevKeys;
  readonly path: string;
  /** Facts from which these are derived, and which must be confirmed, too. */
  readonly rests?: readonly FactName[];
}

const envOf = (fact: FactName): string => `$env{${factProperty(fact)}}`;

const own = (bus: string): UdevKeys => [`SUBSYSTEMS=="${bus}"`, fileTest(bus, 'vfio-dev/$kernel')];

/** The device's directory has no other path, so it confirms every fact that is derived from the path alone. */
const sameDirectory = `${envOf('syspath')}/vfio-dev/$kernel`;

/** Every device has a group, so this check comes first, before all others. */
const groupCheck: Check = {
  facts: ['group'],
  where: ['SUBSYSTEMS!="vfio-dev"'],
  path: `/sys/kernel/iommu_groups/${envOf('group')}/devices/$id/vfio-dev/$kernel`,
};

const otherChecks: readonly Check[] = [
  {
    facts: ['pf', 'vf'],
    where: [...own('pci'), fileTest('pci', 'physfn')],
    path: `/sys/bus/pci/devices/${envOf('pf')}/virtfn${envOf('vf')}/vfio-dev/$kernel`,
  },
  { facts: ['path', 'syspath'], where: own('pci'), path: sameDirectory, rests: ['pf', 'vf'] },
  { facts: ['function', 'syspath'], where: own('pci'), path: sameDirectory },
  { facts: ['mdevParent', 'syspath'], where: own('mdev'), path: sameDirectory },
];

interface CachedFacts {
  /** The facts that vfio_id must print: the wanted ones, and those that confirm them later. */
  readonly facts: readonly FactName[];
  /** Lines that follow those that request vfio_id; they cancel the request if all facts of the device are confirmed. */
  readonly lines: readonly string[];
}

/**
 * Returns the lines that reuse the `wanted` facts; `undefined` if a fact can change while the node exists or if no path
 * confirms it, so that vfio_id must run each time.
 */
export function cachedFacts(wanted: readonly FactName[]): CachedFacts | undefined {
  const confirms = (check: Check, facts: readonly FactName[]): boolean =>
    check.facts.some((fact) => facts.includes(fact));
  if (!wanted.every((fact) => [groupCheck, ...otherChecks].some((check) => confirms(check, [fact]))))
    return undefined;
  const direct = otherChecks.filter((check) => confirms(check, wanted));
  const rows = otherChecks.filter((check) =>
    confirms(check, [...wanted, ...direct.flatMap(({ rests }) => rests ?? [])]),
  );
  const known = [groupCheck, ...rows].flatMap((check) => check.facts);
  const facts = (Object.keys(udevFacts) as FactName[]).filter((fact) => known.includes(fact));
  return {
    facts,
    lines: [
      ...confirmLines('want', groupCheck),
      ...rows.flatMap((check) => {
        const state = `prove ${check.facts[0]}`;
        const begin = [`${helperState}=="yes"`, ...check.where, `${helperState}="${state}"`];
        return [formatRule(begin), ...confirmLines(state, check)];
      }),
      formatRule([
        `${helperState}=="want|prove *"`,
        ...facts.map((fact) => `ENV{${factProperty(fact)}}=""`),
        `${helperState}="want"`,
      ]),
    ],
  };
}

/**
 * Returns the lines that change `state` to `yes` if the facts are confirmed. Two lines, because in one line udev would
 * test the path before the import (sort_tokens in udev-rules.c).
 */
function confirmLines(state: string, { facts, where, path }: Check): string[] {
  const inState = `${helperState}=="${state}"`;
  const imports = facts.map((fact) => `IMPORT{db}="${factProperty(fact)}"`);
  const present = facts.map((fact) => `ENV{${factProperty(fact)}}=="?*"`);
  return [
    formatRule([inState, ...imports]),
    formatRule([inState, ...where, ...present, `TEST=="${path}"`, `${helperState}="yes"`]),
  ];
}

/**
 * Returns lines with one call of vfio_id, for the devices in `wants`. It prints all facts that `lines` use and all names
 * that the options in `requests` request.
 */
export function helperLines(
  wants: readonly string[],
  lines: readonly string[],
  requests: readonly string[],
): string[] {
  if (wants.length === 0) return [];
  const facts = factsOf(lines);
  const cached = requests.length === 0 ? cachedFacts(facts) : undefined;
  return [...wants, ...(cached?.lines ?? []), importLine(helperState, cached?.facts ?? facts, requests)];
}

/** Returns the facts whose properties the lines use. */
function factsOf(lines: readonly string[]): FactName[] {
  return (Object.keys(udevFacts) as FactName[]).filter((name) => {
    const fact = udevFacts[name];
    return 'property' in fact && lines.some((line) => line.includes(`{${fact.property}}`));
  });
}
