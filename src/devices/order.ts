/** The order in which people count: numbers by value, so 0000:9 stands before 0000:10. Pure. */

/** Compares two texts; runs of decimal digits by their value. Zero only for equal texts. */
export function naturalOrder(a: string, b: string): number {
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

const address = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/;

/** A PCI address as one number, which orders addresses as hexadecimal numbers do; NaN for other names. */
function addressNumber(name: string): number {
  const match = address.exec(name);
  // 13 digits at most, 52 bits.
  return match ? Number.parseInt(match.slice(1).join(''), 16) : Number.NaN;
}

interface Named {
  readonly bus: string;
  readonly name: string;
}

/** Sorts devices as `deviceOrder` does, each address read once. */
export function sortDevices<T extends Named>(devices: readonly T[]): T[] {
  // Numbers and indices: an object each would be most of what a scan of many devices needs.
  const keys = devices.map((device) => addressNumber(device.name));
  const order = devices.map((_, index) => index);
  order.sort((a, b) => {
    const [one, two] = [devices[a], devices[b]];
    if (!one || !two) return 0;
    const difference = (keys[a] ?? Number.NaN) - (keys[b] ?? Number.NaN);
    return Number.isNaN(difference) || one.bus !== two.bus ? deviceOrder(one, two) : difference;
  });
  return devices.map((device, place) => devices[order[place] ?? place] ?? device);
}

/** Compares devices by bus, then by name: PCI addresses as hexadecimal numbers, the rest as people count. */
export function deviceOrder(a: Named, b: Named): number {
  if (a.bus !== b.bus) return a.bus < b.bus ? -1 : 1;
  const difference = addressNumber(a.name) - addressNumber(b.name);
  return Number.isNaN(difference) ? naturalOrder(a.name, b.name) : difference;
}
