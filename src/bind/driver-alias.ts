/**
 * The VFIO drivers that the modules of a kernel offer for PCI devices: lines of modules.alias that begin with `vfio_pci:`
 * (PCI_DRIVER_OVERRIDE_DEVICE_VFIO in include/linux/pci.h). libvirt chooses a driver in the same way.
 */

import type { Facts } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { matches } from '../policy/match.ts';
import type { Condition, Policy } from '../policy/policy.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';

/** The devices of one line and their driver. */
export interface DriverAlias {
  readonly bus: string;
  /** The name of the driver, as driver_override wants it. */
  readonly driver: string;
  /** Ids in sysfs's form, `0x15b3`; absent for any. */
  readonly vendor?: string;
  readonly device?: string;
  readonly subsystemVendor?: string;
  readonly subsystemDevice?: string;
  /** `0x0300` and a star for a class without its last part. */
  readonly class?: string;
}

/** The alias that fits every PCI device. */
const anyDevice: DriverAlias = { bus: 'pci', driver: 'vfio-pci' };

/** The drivers of which the name is not that of the module. */
const driverNames: Readonly<Record<string, string>> = { vfio_pci: 'vfio-pci', xe_vfio_pci: 'xe-vfio-pci' };

/** The facts that the aliases depend on. */
export const aliasFacts = ['vendor', 'device', 'subsystemVendor', 'subsystemDevice', 'class'] as const;

/** Parses modules.alias. The aliases for the fewest devices come first; the last is vfio-pci, for all. */
export function parseDriverAliases(text: string): DriverAlias[] {
  const id = '(\\*|[0-9A-F]{8})';
  const byte = '(\\*|[0-9A-F]{2})';
  const line = new RegExp(
    `^alias vfio_pci:v${id}d${id}sv${id}sd${id}bc${byte}sc${byte}i${byte} ([A-Za-z0-9_]+)$`,
    'gm',
  );
  const found = [...text.matchAll(line)].flatMap((match): DriverAlias[] => {
    const [, vendor, device, subsystemVendor, subsystemDevice, base, sub, interfaceCode, module = ''] = match;
    const pciClass = classPattern(base, sub, interfaceCode);
    const ids = { vendor, device, subsystemVendor, subsystemDevice };
    const given = Object.entries(ids).flatMap(([key, value]) =>
      value === undefined || value === '*' ? [] : [[key, `0x${value.slice(4).toLowerCase()}`]],
    );
    return [
      {
        bus: 'pci',
        driver: driverNames[module] ?? module,
        ...Object.fromEntries(given),
        ...(pciClass !== undefined && { class: pciClass }),
      },
    ];
  });
  const specific = found.filter((alias) => precision(alias) > 0);
  return [...specific.sort((a, b) => precision(b) - precision(a) || compareTexts(a, b)), anyDevice];
}

function classPattern(base = '*', sub = '*', interfaceCode = '*'): string | undefined {
  if (base === '*') return undefined;
  const given = sub === '*' ? base : `${base}${sub}${interfaceCode === '*' ? '' : interfaceCode}`;
  return `0x${given.toLowerCase()}${given.length < 6 ? '*' : ''}`;
}

function precision(alias: DriverAlias): number {
  return aliasFacts.filter((key) => alias[key] !== undefined).length;
}

/** The order of the lines depends on the build of the modules. */
function compareTexts(a: DriverAlias, b: DriverAlias): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** The ids of an alias as conditions of a match. */
export function aliasCondition(alias: DriverAlias): Condition[] {
  return aliasFacts.flatMap((fact) => {
    const pattern = alias[fact];
    return pattern === undefined ? [] : [{ fact, negate: false, patterns: [pattern] }];
  });
}

/** Returns the driver that fits the device best. */
export function bestDriver(aliases: readonly DriverAlias[], facts: Facts): string | undefined {
  return aliases.find((alias) => alias.bus === facts.bus && matches(aliasCondition(alias), facts))?.driver;
}

/** In bytes; the list of a distribution has 1 or 2 MB. */
const MAX_LIST_SIZE = 64 << 20;

/**
 * Reads the aliases of the running kernel's modules; only vfio-pci if the list cannot be read, or if no rule has the driver `auto`:
 * the list takes the native program three times as long as all the rest.
 */
export function readDriverAliases(
  files: Files,
  root: Root,
  { bindRules }: Pick<Policy, 'bindRules'>,
): DriverAlias[] {
  if (!bindRules.some(({ driver }) => driver === 'auto')) return [anyDevice];
  const release = tryOrUndefined(() => files.read(pathBelow(root, '/proc/sys/kernel/osrelease')))?.trim();
  const isName = release !== undefined && /^[\w.+~-]+$/.test(release) && !release.startsWith('.');
  const text = isName
    ? tryOrUndefined(() =>
        files.read(pathBelow(root, `/lib/modules/${release}/modules.alias`), MAX_LIST_SIZE),
      )
    : undefined;
  return parseDriverAliases(text ?? '');
}
