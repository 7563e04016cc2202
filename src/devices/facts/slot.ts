/** The physical slot of a PCI device, named by the firmware or the hot-plug controller. */
import { ignoring, tryOrUndefined } from '../../errors.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { RunCache } from '../../system/run-cache.ts';
import { compareNatural } from '../order.ts';
import { pciAddressOf } from '../pci.ts';
import type { Device } from '../types.ts';

/** Where the kernel lists slots (drivers/pci/slot.c); missing on machines without slots. */
const slotDirectory = '/sys/bus/pci/slots';

/** The name of the slot for the text of its `address` file, of the first one in natural order if several have it. */
type Slots = ReadonlyMap<string, string>;

/**
 * Reads the slot's name, `8` or `8-1`. The text of a slot's `address` is `0000:01:00` (domain, bus, device), or `0000:01` for a
 * slot that is a whole bus (address_read_file in drivers/pci/slot.c).
 */
export function readSlot(files: Files, root: Root, device: Device): string | undefined {
  const address = pciAddressOf(device);
  if (!address) return undefined;
  const slots = cache.get(files, root, () => readSlots(files, root));
  if (slots.size === 0) return undefined;
  const bus = `${address.domain}:${address.bus}`;
  const found = [slots.get(bus), slots.get(`${bus}:${address.device}`)].filter((slot) => slot !== undefined);
  return found.sort(compareNatural)[0];
}

const cache = new RunCache<Slots>();

/** A slot that cannot be read is omitted. */
function readSlots(files: Files, root: Root): Slots {
  const directory = pathBelow(root, slotDirectory);
  const slots = new Map<string, string>();
  for (const slot of (ignoring(() => files.readdir(directory), 'ENOENT') ?? []).sort(compareNatural)) {
    const address = tryOrUndefined(() => files.read(`${directory}/${slot}/address`, 64))?.trim();
    if (address !== undefined && !slots.has(address)) slots.set(address, slot);
  }
  return slots;
}
