/** The facts that a policy can match: on which buses each one exists and which values it can have. */
import { isPciAddress, parseLoosePciAddress } from '../devices/pci.ts';
import type { FactName } from '../devices/types.ts';
import { canMatch, type Form, form, pciAddressForm, uuidForm } from './pattern-forms.ts';

/**
 * Converts a PCI address to the form that sysfs uses, `0000:01:00.0`, in any letter case and with any number of leading
 * zeros. An address without its domain fits every domain: `01:00.0` becomes `*:01:00.0`, and `01:00.*` becomes `*:01:00.*`.
 * Returns other text unchanged.
 */
export function completeAddress(text: string): string {
  const loose = parseLoosePciAddress(text);
  if (loose) {
    const { domain, bus, device, function: number } = loose;
    const digits = (value: number | undefined, width: number): string =>
      value?.toString(16).padStart(width, '0') ?? '*';
    return `${digits(domain, 4)}:${digits(bus, 2)}:${digits(device, 2)}.${digits(number, 1)}`;
  }
  const lower = text.toLowerCase();
  if (!/^[0-9a-f?*[\]!-]+:[0-9a-f?*[\]!:.-]+$/.test(lower)) return text;
  // A domain has at least four digits, so two characters before the first colon are the bus.
  const complete = /^[0-9a-f?]{2}:[^:]*$/.test(lower)
    ? `*:${lower}`
    : lower.replace(/^0+(?=[0-9a-f]{4,7}:)/, '');
  return canMatch(complete, pciAddressForm) ? complete : text;
}

/** Converts a UUID, or a pattern of one, to lower case, as the kernel prints it (%pUl); returns other text unchanged. */
export function completeUuid(text: string): string {
  const lower = text.toLowerCase();
  return lower !== text && text.includes('-') && canMatch(lower, uuidForm) ? lower : text;
}

export interface FactKind {
  /** The buses whose devices can have the fact; absent for all buses. */
  readonly buses?: readonly string[];
  /** Converts a value or pattern from the policy to the form that sysfs uses. */
  readonly normalize?: (text: string) => string;
  /** Every exact value must match this. */
  readonly shape?: RegExp;
  /** The forms of all values; a pattern must be able to match one of them. */
  readonly forms?: readonly Form[];
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
    forms: [form(`0xh{${digits}}`)],
    expected: `${digits} hexadecimal digits such as ${example}`,
  };
}

/** Converts `10DE`, `0x10DE` and `0X10de` to `0x10de`; a pattern that begins with `*` gets no prefix. */
function normaliseHex(text: string): string {
  const lower = text.toLowerCase();
  return /^(0x|\*)/.test(lower) || lower === '' ? lower : `0x${lower}`;
}

function decimal(expected: string): FactKind {
  return { shape: /^(0|[1-9]\d*)$/, forms: [form('d{1,}')], expected, allowsNumber: true };
}

function withShape(shape: RegExp, expected: string, ...forms: readonly Form[]): FactKind {
  return { shape, expected, ...(forms.length > 0 && { forms }) };
}

const address: FactKind = {
  normalize: completeAddress,
  shape: { test: isPciAddress } as RegExp,
  forms: [pciAddressForm],
  expected: 'a PCI address such as 0000:01:00.0 or 01:00.0',
};

/** The format of devices/facts/path.ts: the host bridge, each device below it, `pci` for a nested host bridge, and a VF. */
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
  node: { ...withShape(/^vfio\d+$/, 'a node such as vfio3', form('vfi\\od{1,}')), alwaysPresent: true },
  devnum: {
    ...withShape(/^\d+:\d+$/, 'MAJOR:MINOR such as 247:3', form('d{1,}:d{1,}')),
    alwaysPresent: true,
  },
  syspath: {
    ...withShape(/^\/sys\/devices\//, 'a path that begins with /sys/devices/'),
    alwaysPresent: true,
  },
  cdev: { ...withShape(/^(yes|no)$/, 'yes or no', form('yes'), form('n\\o')), alwaysPresent: true },
  driver: withShape(/^[^/\s]+$/, 'a driver such as vfio-pci'),
  group: decimal('the number of an IOMMU group such as 14'),
  groupNode: withShape(
    /^\/dev\/vfio\/(noiommu-)?\d+$/,
    'a group node such as /dev/vfio/14',
    form('/\\dev/vfi\\o/d{1,}'),
    form('/\\dev/vfi\\o/n\\oi\\ommu-d{1,}'),
  ),
  vendor: hex(4, '0x10de'),
  device: hex(4, '0x2204'),
  subsystemVendor: hex(4, '0x10de'),
  subsystemDevice: hex(4, '0x1467'),
  class: hex(6, '0x030000'),
  revision: hex(2, '0xa1'),
  numaNode: decimal('the number of a NUMA node such as 0'),
  function: { ...decimal('a PCI function from 0 to 7'), shape: /^[0-7]$/, forms: [form('o')], buses: pci },
  pf: { ...address, buses: pci },
  vf: { ...decimal('the index of a VF such as 0'), buses: pci },
  pfDriver: { ...withShape(/^[^/\s]+$/, 'a driver such as ice'), buses: pci },
  pfNet: { ...withShape(/^[^/\s]+$/, 'a network interface such as enp1s0f0'), buses: pci },
  path: { ...withShape(pciPath, 'a path such as pci0000_00-06.0-00.0'), buses: pci },
  slot: { ...any, buses: pci, allowsNumber: true },
  serial: {
    ...withShape(
      /^([0-9a-f]{2}-){7}[0-9a-f]{2}$/,
      'a serial number such as a0-36-9f-ff-ff-12-34-56',
      form(`${'hh-'.repeat(7)}hh`),
    ),
    normalize: (text) => text.toLowerCase(),
    buses: pci,
  },
  mdevType: { ...any, buses: ['mdev'] },
  mdevParent: { normalize: completeAddress, expected: 'a device name', buses: ['mdev'] },
  vgpuType: { ...decimal('the number of a vGPU profile such as 1155'), buses: pci },
  label: { ...any, buses: pci },
};

/** The names of the facts that a policy may use. */
export const matchFacts = Object.keys(factKinds) as readonly FactName[];

/** The values of the fact `name` if the match is restricted to bus pci. */
export const pciNameKind: FactKind = address;
