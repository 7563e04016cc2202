/** The match of an alias that is given as the name of a device: `gpu = "0000:01:00.0"`. */
import { parseDeviceName } from '../devices/device-name.ts';
import { isUuid } from '../devices/facts/mdev.ts';
import { parseLoosePciAddress } from '../devices/pci.ts';
import { printable } from '../text/printable.ts';

type NamedMatch =
  | { readonly match: { readonly bus: string; readonly name: string } }
  | { readonly message: string; readonly hint: string };

/**
 * Returns the facts of the device: its bus, and its name on the bus. Accepts addresses, UUIDs and `BUS/NAME` in the notations that
 * a NAME on the command line has; not vfioN or a group, which another device can have after the next boot.
 */
export function matchOfName(text: string): NamedMatch {
  const name = text.trim();
  // Before `02:00` is a device number.
  if (parseLoosePciAddress(name)) return { match: { bus: 'pci', name } };
  if (isUuid(name)) return { match: { bus: 'mdev', name } };
  const query = parseDeviceName(name);
  if (
    query.kind === 'qualified' &&
    !query.bus.startsWith('by-') &&
    query.bus !== 'groups' &&
    !query.name.includes('/')
  )
    return { match: { bus: query.bus.toLowerCase(), name: query.name } };
  const isChanging = query.kind === 'sysname' || query.kind === 'devnum' || query.kind === 'group';
  return {
    message: `expected the name of a device, found "${printable(text.slice(0, 80))}"${isChanging ? ', which is not the same after each boot' : ''}`,
    hint: 'write a PCI address, a UUID, or BUS/NAME such as "platform/fe00.gpu", or a table of facts such as { vendor = "0x10de" }',
  };
}
