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

/** A key that sorts PCI addresses by their hexadecimal numbers with plain `<`; `undefined` for other names. */
function addressKey(name: string): string | undefined {
  const match = address.exec(name);
  return match ? `${match[1]?.padStart(8, '0')}${match[2]}${match[3]}${match[4]}` : undefined;
}

/** Sorts devices as `deviceOrder` does, each address read once. */
export function sortDevices<T extends { readonly bus: string; readonly name: string }>(
  devices: readonly T[],
): T[] {
  const keyed = devices.map((device) => ({ device, key: addressKey(device.name) }));
  keyed.sort((a, b) => {
    if (a.key === undefined || b.key === undefined || a.device.bus !== b.device.bus)
      return deviceOrder(a.device, b.device);
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  });
  return keyed.map(({ device }) => device);
}

/** Compares devices by bus, then by name: PCI addresses as hexadecimal numbers, the rest as people count. */
export function deviceOrder(
  a: { readonly bus: string; readonly name: string },
  b: { readonly bus: string; readonly name: string },
): number {
  if (a.bus !== b.bus) return a.bus < b.bus ? -1 : 1;
  const [x, y] = [addressKey(a.name), addressKey(b.name)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0;
  return naturalOrder(a.name, b.name);
}
