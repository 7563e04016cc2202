/** What a policy may ask of each fact: on which buses it exists and how its values look. Pure; a table. */
import type { FactName } from '../devices/device.ts';
import { completeAddress, completeUuid, isAddress } from './short-address.ts';

export interface FactKind {
  /** The buses whose devices can have it; absent: all. */
  readonly buses?: readonly string[];
  /** Brings what people write into sysfs's form; patterns too. */
  readonly normalise?: (text: string) => string;
  /** Every exact value looks so. */
  readonly shape?: RegExp;
  /** Every literal character of a pattern is one of these. */
  readonly letters?: RegExp;
  /** What a value is, for messages. */
  readonly expected: string;
  /** TOML numbers are welcome too. */
  readonly number?: boolean;
  /** Every device with a node has it. */
  readonly always?: boolean;
}

const pci = ['pci'] as const;
const withIds = ['pci', 'cdx'] as const;

function hex(digits: number, example: string): FactKind {
  return {
    buses: withIds,
    normalise: normaliseHex,
    shape: new RegExp(`^0x[0-9a-f]{${digits}}$`),
    letters: /^[0-9a-fx]*$/,
    expected: `${digits} hexadecimal digits such as ${example}`,
  };
}

/** `10DE`, `0x10DE` and `0X10de` are `0x10de`; a pattern that begins with a star stays open at its left. */
function normaliseHex(text: string): string {
  const lower = text.toLowerCase();
  return /^(0x|\*)/.test(lower) || lower === '' ? lower : `0x${lower}`;
}

function decimal(expected: string): FactKind {
  return { shape: /^(0|[1-9]\d*)$/, letters: /^\d*$/, expected, number: true };
}

function like(shape: RegExp, expected: string): FactKind {
  return { shape, expected };
}

const address: FactKind = {
  normalise: completeAddress,
  shape: { test: isAddress } as RegExp,
  letters: /^[0-9a-f:.]*$/,
  expected: 'a PCI address such as 0000:01:00.0 or 01:00.0',
};

/** As devices/path.ts makes it: the host bridge, each device below it, `pci` for a host bridge further down, and a VF. */
const pciPath = /^pci[0-9a-f]{4,8}_[0-9a-f]{2}(-pci|-[0-9a-f]{2}\.[0-7])+(-vf\d+)?$/;

const any: FactKind = { expected: 'text' };

/** Facts that rules of a policy decide themselves: to match or name by them would go round in a circle. */
export const decidedFacts: readonly FactName[] = ['owner', 'fileGroup', 'mode'];

/** Every fact that a policy may use, in the order in which help and checked matches have them. */
export const factKinds: Readonly<Partial<Record<FactName, FactKind>>> = {
  bus: { ...like(/^[^/\s]+$/, 'a bus such as pci'), always: true },
  name: { normalise: (text) => completeUuid(completeAddress(text)), expected: 'a device name', always: true },
  node: { ...like(/^vfio\d+$/, 'a node such as vfio3'), always: true },
  devnum: { ...like(/^\d+:\d+$/, 'MAJOR:MINOR such as 247:3'), always: true },
  syspath: { ...like(/^\/sys\/devices\//, 'a path that begins with /sys/devices/'), always: true },
  cdev: { ...like(/^(yes$|no: )/, 'yes, or no: and the reason'), always: true },
  driver: like(/^[^/\s]+$/, 'a driver such as vfio-pci'),
  group: decimal('the number of an IOMMU group such as 14'),
  groupNode: like(/^\/dev\/vfio\/(noiommu-)?\d+$/, 'a group node such as /dev/vfio/14'),
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
  path: { ...like(pciPath, 'a path such as pci0000_00-06.0-00.0'), buses: pci },
  slot: { ...any, buses: pci, number: true },
  serial: {
    ...like(/^([0-9a-f]{2}-){7}[0-9a-f]{2}$/, 'a serial number such as a0-36-9f-ff-ff-12-34-56'),
    normalise: (text) => text.toLowerCase(),
    buses: pci,
  },
  mdevType: { ...any, buses: ['mdev'] },
  mdevParent: { normalise: completeAddress, expected: 'a device name', buses: ['mdev'] },
  label: { ...any, buses: pci },
};

/** The facts that a policy may use. */
export const matchFacts = Object.keys(factKinds) as readonly FactName[];

/** What a device name on bus pci must look like. */
export const pciName: FactKind = address;
