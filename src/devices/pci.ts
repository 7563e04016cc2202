/** Parses PCI addresses. */
import type { Device } from './types.ts';

export interface PciAddress {
  /** Domain, four to eight hexadecimal digits. */
  readonly domain: string;
  readonly bus: string;
  readonly device: string;
  readonly function: string;
}

/** Parses `0000:01:00.0` (dev_set_name in drivers/pci/probe.c); `undefined` for any other text. */
export function parsePciAddress(name: string): PciAddress | undefined {
  const match = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(name);
  if (!match) return undefined;
  const [, domain = '', bus = '', device = '', number = ''] = match;
  return { domain, bus, device, function: number };
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
