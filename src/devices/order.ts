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

/** Returns the items in the order of compareNatural() of their texts. */
export function sortNatural(texts: readonly string[]): string[];
export function sortNatural<T>(items: readonly T[], textOf: (item: T) => string): T[];
export function sortNatural<T>(items: readonly T[], textOf: (item: T) => string = String): T[] {
  return sortByKey(
    items,
    (item) => naturalKey(textOf(item)),
    () => 0,
  );
}

/** Returns the items in the order of comparePaths() of their paths, those with the same path in the order of `compare`. */
export function sortPaths<T>(
  items: readonly T[],
  pathOf: (item: T) => string,
  compare: (a: T, b: T) => number = () => 0,
): T[] {
  return sortByKey(
    items,
    (item) => pathKey(pathOf(item)),
    (a, b) => comparePaths(pathOf(a), pathOf(b)) || compare(a, b),
  );
}

/** Sorts by texts that are made once for each item: a comparison is made several times for each. `compare` is for equal ones. */
function sortByKey<T>(items: readonly T[], keyOf: (item: T) => string, compare: (a: T, b: T) => number): T[] {
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : compare(a.item, b.item)))
    .map(({ item }) => item);
}

/**
 * Returns a text that sorts as `text` does by compareNatural(). Before a number, it has the end of the other characters, which
 * sorts before each of them, and how many digits follow; at its end the text itself, for numbers with other leading zeros.
 */
function naturalKey(text: string): string {
  const key = text.replace(/\d+/g, (digits, offset: number) => {
    const significant = digits.startsWith('0') ? digits.replace(/^0+(?=\d)/, '') : digits;
    return `${offset > 0 ? '\0\u0001' : ''}0${String.fromCharCode(significant.length)}${significant}`;
  });
  return key === text ? text : `${key}\0\0${text}`;
}

/** Returns a text that sorts as a part of a path; 16 is the length of the longest PCI address. */
function partKey(part: string): string {
  if (isPciAddress(part)) return `0${part.padStart(16, '0')}`;
  const root = part.startsWith('pci') ? `${part.slice(3)}:00.0` : '';
  return isPciAddress(root) ? `0${root.padStart(16, '0')}` : `1${naturalKey(part)}`;
}

let lastDirectory = '';
let lastDirectoryKey = '';

/** Returns a text that sorts as `path` does by comparePaths(); the key of its directory is often that of the path before. */
function pathKey(path: string): string {
  const end = path.lastIndexOf('/');
  if (end < 0) return partKey(path);
  const directory = path.slice(0, end);
  if (directory !== lastDirectory) {
    lastDirectoryKey = directory.split('/').map(partKey).join('\0\0');
    lastDirectory = directory;
  }
  return `${lastDirectoryKey}\0\0${partKey(path.slice(end + 1))}`;
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
  if (byAddress.size < devices.length) return sortByKey(devices, ({ name }) => nameKey(name), compareDevices);
  const sorted: T[] = [];
  for (const address of [...byAddress.keys()].sort()) {
    const device = byAddress.get(address);
    if (device) sorted.push(device);
  }
  return sorted;
}

/** Returns a text that sorts as the name of a device. */
function nameKey(name: string): string {
  return isPciAddress(name) ? `0${name.padStart(16, '0')}` : `1${naturalKey(name)}`;
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
