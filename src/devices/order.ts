/** Natural sort order: numbers compare by value, so 0000:9 comes before 0000:10. */
import { isPciAddress, parsePciAddress } from './pci.ts';

/** Compares two texts; runs of decimal digits compare by value. Returns 0 only for equal texts. */
export function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = comparePieces(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

function comparePieces(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) {
    const [x, y] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
    return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns a PCI address as one number, so that addresses sort as hexadecimal numbers; NaN for other names. */
function addressNumber(name: string): number {
  const address = parsePciAddress(name);
  if (!address) return Number.NaN;
  const { domain, bus, device, function: number } = address;
  // At most 13 hexadecimal digits, 52 bits.
  return Number.parseInt(domain + bus + device + number, 16);
}

/** A PCI address, or the name of a host bridge in sysfs, `pci0000:00`, as one number; NaN for another name. */
function pciNumber(name: string): number {
  return addressNumber(/^pci[0-9a-f]+:[0-9a-f]{2}$/.test(name) ? `${name.slice(3)}:00.0` : name);
}

/** Compares two paths part by part: PCI addresses first, as hexadecimal numbers, then other names in natural order. */
export function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length || compareNatural(a, b);
}

function compareParts(a: string, b: string): number {
  return compareNumbered(a, pciNumber(a), b, pciNumber(b));
}

/** Compares two names by their numbers; a name without a number, NaN, comes after those with one. */
function compareNumbered(a: string, x: number, b: string, y: number): number {
  if (Number.isNaN(x) && Number.isNaN(y)) return compareNatural(a, b);
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return x - y;
}

interface Named {
  readonly bus: string;
  readonly name: string;
  /** Decides between two entries of one device, which only a wrong sysfs has: the order must not be that of the directory. */
  readonly sysname?: string;
}

/** Returns the devices in the order of compareDevices(). */
export function sortDevices<T extends Named>(devices: readonly T[]): T[] {
  const buses = new Map<string, T[]>();
  for (const device of devices) {
    const others = buses.get(device.bus);
    if (others) others.push(device);
    else buses.set(device.bus, [device]);
  }
  return [...buses.keys()].sort().flatMap((bus) => sortBus(buses.get(bus) ?? []));
}

/** Addresses of one length sort as texts: a comparison function would be called several times for each device. */
function sortBus<T extends Named>(devices: T[]): T[] {
  const width = devices[0]?.name.length;
  const isEven = devices.every(({ name }) => name.length === width);
  const byAddress = new Map<string, T>();
  for (const device of devices)
    if (isPciAddress(device.name))
      byAddress.set(isEven ? device.name : device.name.padStart(16, '0'), device);
  if (byAddress.size === 0)
    return devices.sort((a, b) => compareNatural(a.name, b.name) || compareSysnames(a, b));
  if (byAddress.size < devices.length) return devices.sort(compareDevices);
  const sorted: T[] = [];
  for (const address of [...byAddress.keys()].sort()) {
    const device = byAddress.get(address);
    if (device) sorted.push(device);
  }
  return sorted;
}

/** Compares devices by bus, then by name: PCI addresses first, as hexadecimal numbers, then other names in natural order. */
export function compareDevices(a: Named, b: Named): number {
  if (a.bus !== b.bus) return a.bus < b.bus ? -1 : 1;
  return (
    compareNumbered(a.name, addressNumber(a.name), b.name, addressNumber(b.name)) || compareSysnames(a, b)
  );
}

function compareSysnames(a: Named, b: Named): number {
  return compareNatural(a.sysname ?? '', b.sysname ?? '');
}
