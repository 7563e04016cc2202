/**
 * Reuses the facts that vfio_id printed at an earlier event, from udev's database, if sysfs still confirms them; then
 * vfio_id does not run.
 *
 * udev deletes its database entry when a device is removed. If it misses the removal, the entry's facts would be applied
 * to the next device with the same number. So each fact is checked by a path that exists only if the fact is correct for
 * the current vfioN.
 */
import type { FactName } from '../devices/device.ts';
import { formatRule, type UdevKeys } from './line.ts';
import { factProperty, udevFacts } from './udev-facts.ts';
import { fileTest, helperState } from './udev-match.ts';

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

export interface CachedFacts {
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
