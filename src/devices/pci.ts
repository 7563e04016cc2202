/** Parses PCI addresses. */
import type { Device } from './types.ts';

/** `0000:01:00.0`: domain, bus, device, function (dev_set_name in drivers/pci/probe.c). */
const ADDRESS = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/;

export interface PciAddress {
  /** Domain, four to eight hexadecimal digits. */
  readonly domain: string;
  readonly bus: string;
  readonly device: string;
  readonly function: string;
}

/** Parses `0000:01:00.0`; `undefined` for any other text. */
export function parsePciAddress(name: string): PciAddress | undefined {
  const match = ADDRESS.exec(name);
  if (!match) return undefined;
  const [, domain = '', bus = '', device = '', number = ''] = match;
  return { domain, bus, device, function: number };
}

/** ADDRESS without its groups, which take time. */
const PLAIN_ADDRESS = new RegExp(ADDRESS.source.replace(/[()]/g, ''));

/** Whether the text is a complete PCI address in the kernel's notation. */
export function isPciAddress(text: string): boolean {
  return PLAIN_ADDRESS.test(text);
}

/** An address as people and other programs write it; a part that is absent fits every value. */
interface LoosePciAddress {
  readonly domain?: number;
  readonly bus: number;
  readonly device: number;
  readonly function?: number;
}

const LOOSE_ADDRESS = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([01]?[0-9a-f])\.([0-7])$/i;

/** Without its function, an address needs all digits. `10:10` is a device number: those have no leading zeros. */
const SLOT = /^(?!\d{1,2}:[1-9]\d$)(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([01][0-9a-f])$/i;

/**
 * Parses an address in any letter case, with any number of leading zeros, and without its domain or its function:
 * `00000000:C1:00.0`, `1:0.0`, `01:00`. `undefined` for any other text.
 */
export function parseLoosePciAddress(text: string): LoosePciAddress | undefined {
  const match = LOOSE_ADDRESS.exec(text) ?? SLOT.exec(text);
  if (!match) return undefined;
  const [, domain, bus = '', device = '', number] = match;
  return {
    ...(domain !== undefined && { domain: Number.parseInt(domain, 16) }),
    bus: Number.parseInt(bus, 16),
    device: Number.parseInt(device, 16),
    ...(number !== undefined && { function: Number(number) }),
  };
}

/** Whether the name of a PCI device, `0000:01:00.0`, is this address. */
export function fitsLooseAddress(loose: LoosePciAddress, name: string): boolean {
  const exact = parsePciAddress(name) && parseLoosePciAddress(name);
  return (
    exact !== undefined &&
    exact.bus === loose.bus &&
    exact.device === loose.device &&
    (loose.domain === undefined || exact.domain === loose.domain) &&
    (loose.function === undefined || exact.function === loose.function)
  );
}

/** Returns the address of a device on bus pci; `undefined` on every other bus, even if the name looks like an address. */
export function pciAddressOf(device: Device): PciAddress | undefined {
  return device.bus === 'pci' ? parsePciAddress(device.name) : undefined;
}

/** Returns bus, device and function as one 16-bit number, the routing ID of the SR-IOV specification. */
export function routingId(address: PciAddress): number {
  return (
    Number.parseInt(address.bus, 16) * 256 +
    Number.parseInt(address.device, 16) * 8 +
    Number(address.function)
  );
}
