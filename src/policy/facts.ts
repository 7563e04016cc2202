/** The facts that a policy can match: on which buses each one exists and which values it can have. */
import { isUuid } from '../devices/facts/mdev.ts';
import { isPciAddress } from '../devices/pci.ts';
import type { FactName } from '../devices/types.ts';

/**
 * Converts `01:00.0` to `0000:01:00.0`, `01:00.*` to `0000:01:00.*`, and upper case to lower case; returns other text
 * unchanged. A PCI domain has at least four digits (PCI_DEVID in the kernel's setup of names: `%04x:%02x:%02x.%d`), so
 * two characters before the first colon are the bus.
 */
export function completeAddress(text: string): string {
  const lower = text.toLowerCase();
  if (!/^[0-9a-f?*[\]!-]+:[0-9a-f?*[\]!:.-]+$/.test(lower)) return text;
  return /^[0-9a-f?]{2}:[^:]*$/.test(lower) ? `0000:${lower}` : lower;
}

/** Converts a UUID to lower case, as the kernel prints it (%pUl); returns other text unchanged. */
export function completeUuid(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}

export interface FactKind {
  /** The buses whose devices can have the fact; absent for all buses. */
  readonly buses?: readonly string[];
  /** Converts a value or pattern from the policy to the form that sysfs uses. */
  readonly normalize?: (text: string) => string;
  /** Every exact value must match this. */
  readonly shape?: RegExp;
  /** The literal characters of a pattern must match this. */
  readonly literalChars?: RegExp;
  /** Describes a value, for messages. */
  readonly expected: string;
  /** Whether the policy may give the value as a TOML number. */
  readonly allowsNumber?: boolean;
  /** Whether every device with a node has the fact. */
  readonly alwaysPresent?: boolean;
}

const pci = ['pci'] as const;
const busesWithIds = ['pci', 'cdx'] as const;

function hex(digits: number, example: string): FactKind {
  return {
    buses: busesWithIds,
    normalize: normaliseHex,
    shape: new RegExp(`^0x[0-9a-f]{${digits}}$`),
    literalChars: /^[0-9a-fx]*$/,
    expected: `${digits} hexadecimal digits such as ${example}`,
  };
}

/** Converts `10DE`, `0x10DE` and `0X10de` to `0x10de`; a pattern that begins with `*` gets no prefix. */
function normaliseHex(text: string): string {
  const lower = text.toLowerCase();
  return /^(0x|\*)/.test(lower) || lower === '' ? lower : `0x${lower}`;
}

function decimal(expected: string): FactKind {
  return { shape: /^(0|[1-9]\d*)$/, literalChars: /^\d*$/, expected, allowsNumber: true };
}

function withShape(shape: RegExp, expected: string): FactKind {
  return { shape, expected };
}

const address: FactKind = {
  normalize: completeAddress,
  shape: { test: isPciAddress } as RegExp,
  literalChars: /^[0-9a-f:.]*$/,
  expected: 'a PCI address such as 0000:01:00.0 or 01:00.0',
};

/** The format of devices/path.ts: the host bridge, each device below it, `pci` for a nested host bridge, and a VF. */
const pciPath = /^pci[0-9a-f]{4,8}_[0-9a-f]{2}(-pci|-[0-9a-f]{2}\.[0-7])+(-vf\d+)?$/;

const any: FactKind = { expected: 'text' };

/** Facts that the [[access]] rules of the policy set; matching or naming by them would be circular. */
export const accessFacts: readonly FactName[] = ['owner', 'fileGroup', 'mode'];

/** Every fact that a policy may use, in the order of the help text and of parsed matches. */
export const factKinds: Readonly<Partial<Record<FactName, FactKind>>> = {
  bus: { ...withShape(/^[^/\s]+$/, 'a bus such as pci'), alwaysPresent: true },
  name: {
    normalize: (text) => completeUuid(completeAddress(text)),
    expected: 'a device name',
    alwaysPresent: true,
  },
  node: { ...withShape(/^vfio\d+$/, 'a node such as vfio3'), alwaysPresent: true },
  devnum: { ...withShape(/^\d+:\d+$/, 'MAJOR:MINOR such as 247:3'), alwaysPresent: true },
  syspath: {
    ...withShape(/^\/sys\/devices\//, 'a path that begins with /sys/devices/'),
    alwaysPresent: true,
  },
  cdev: { ...withShape(/^(yes|no)$/, 'yes or no'), alwaysPresent: true },
  driver: withShape(/^[^/\s]+$/, 'a driver such as vfio-pci'),
  group: decimal('the number of an IOMMU group such as 14'),
  groupNode: withShape(/^\/dev\/vfio\/(noiommu-)?\d+$/, 'a group node such as /dev/vfio/14'),
  vendor: hex(4, '0x10de'),
  device: hex(4, '0x2204'),
  subsystemVendor: hex(4, '0x10de'),
  subsystemDevice: hex(4, '0x1467'),
  class: hex(6, '0x030000'),
  revision: hex(2, '0xa1'),
  numaNode: decimal('the number of a NUMA node such as 0'),
  function: { ...decimal('a PCI function from 0 to 7'), shape: /^[0-7]$/, buses: pci },
  pf: { ...address, buses: pci },
  vf: { ...decimal('the index of a VF such as 0'), buses: pci },
  path: { ...withShape(pciPath, 'a path such as pci0000_00-06.0-00.0'), buses: pci },
  slot: { ...any, buses: pci, allowsNumber: true },
  serial: {
    ...withShape(/^([0-9a-f]{2}-){7}[0-9a-f]{2}$/, 'a serial number such as a0-36-9f-ff-ff-12-34-56'),
    normalize: (text) => text.toLowerCase(),
    buses: pci,
  },
  mdevType: { ...any, buses: ['mdev'] },
  mdevParent: { normalize: completeAddress, expected: 'a device name', buses: ['mdev'] },
  label: { ...any, buses: pci },
};

/** The names of the facts that a policy may use. */
export const matchFacts = Object.keys(factKinds) as readonly FactName[];

/** The values of the fact `name` if the match is restricted to bus pci. */
export const pciNameKind: FactKind = address;
