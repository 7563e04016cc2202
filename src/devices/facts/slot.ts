/** The physical slot of a PCI device, named by the firmware or the hot-plug controller. */
import { ignoring } from '../../errors.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { compareNatural } from '../order.ts';
import { type PciAddress, pciAddressOf } from '../pci.ts';
import type { Device } from '../types.ts';

/** Where the kernel lists slots (drivers/pci/slot.c); missing on machines without slots. */
const slotDirectory = '/sys/bus/pci/slots';

/**
 * Whether the text of a slot's `address` file covers the device: `0000:01:00` (domain, bus, device), or `0000:01` for a
 * slot that is a whole bus (address_read_file in drivers/pci/slot.c).
 */
export function slotContains(text: string, address: PciAddress): boolean {
  const bus = `${address.domain}:${address.bus}`;
  const found = text.trim();
  return found === bus || found === `${bus}:${address.device}`;
}

/** Reads the slot's name, `8` or `8-1`; if several slots have the address, the first in natural order. */
export function readSlot(files: Files, root: Root, device: Device): string | undefined {
  const address = pciAddressOf(device);
  if (!address) return undefined;
  const directory = pathBelow(root, slotDirectory);
  const slots = ignoring(() => files.readdir(directory), 'ENOENT') ?? [];
  return slots.sort(compareNatural).find((slot) => {
    const text = ignoring(() => files.read(`${directory}/${slot}/address`, 64), 'ENOENT', 'ENODEV');
    return text !== undefined && slotContains(text, address);
  });
}
