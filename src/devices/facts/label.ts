/** The label of a PCI device: vendor and product names from the system's pci.ids. */
import { ignoring } from '../../errors.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { RunCache } from '../../system/run-cache.ts';
import type { Device } from '../types.ts';

/** The paths of pci.ids on Debian, and on Fedora, Arch and Alpine. The first file that exists is used. */
const pciIdsPaths = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'] as const;

/** Size limit in bytes; pci.ids has about 1.5 MB. */
const MAX_BYTES = 8 << 20;

/**
 * Returns the names of vendor and product, for `0x10de` and `0x2204`: `NVIDIA Corporation GA102 [GeForce RTX 3090]`. An
 * unknown product gives `NVIDIA Corporation Device 2204`, an unknown vendor `undefined`.
 * Format: `VVVV  vendor`, then lines `<tab>DDDD  product` (https://pci-ids.ucw.cz).
 */
export function findLabel(ids: string, vendor: string, product: string): string | undefined {
  const [vendorId, productId] = [vendor.replace(/^0x/, ''), product.replace(/^0x/, '')];
  const start = vendorStart(ids, `${vendorId}  `);
  if (start < 0) return undefined;
  const line = productStart(ids, `\t${productId}  `, start);
  const name = line < 0 ? `Device ${productId}` : restOfLine(ids, line);
  return `${restOfLine(ids, start)} ${name}`;
}

/** Finds the line that begins with `prefix`; returns the index after `prefix`, or -1. */
function vendorStart(ids: string, prefix: string): number {
  if (ids.startsWith(prefix)) return prefix.length;
  const found = ids.indexOf(`\n${prefix}`);
  return found < 0 ? -1 : found + 1 + prefix.length;
}

/** The same among the lines of the vendor at `from`: those up to the next that is not indented, not a comment and not empty. */
function productStart(ids: string, prefix: string, from: number): number {
  let line = from;
  do {
    line = ids.indexOf('\n', line) + 1;
    if (line === 0) return -1;
    if (ids.startsWith(prefix, line)) return line + prefix.length;
  } while (line < ids.length && '\t\n#'.includes(ids.charAt(line)));
  return -1;
}

function restOfLine(ids: string, from: number): string {
  const end = ids.indexOf('\n', from);
  return ids.slice(from, end < 0 ? ids.length : end).trim();
}

/** The text of pci.ids, and the labels that were found in it: most machines have many devices of a few models. */
interface PciIds {
  readonly text: string;
  readonly labels: Map<string, string | undefined>;
}

const cache = new RunCache<PciIds | undefined>();

function readIds(files: Files, root: Root): PciIds | undefined {
  for (const file of pciIdsPaths) {
    const path = pathBelow(root, file);
    const status = ignoring(() => files.stat(path), 'ENOENT', 'ENOTDIR', 'EACCES');
    if (status?.kind !== 'file') continue;
    return { text: files.read(path, MAX_BYTES), labels: new Map() };
  }
  return undefined;
}

/** Reads a PCI device's label; `undefined` if the system has no pci.ids or the file does not list the vendor. */
export function readLabel(files: Files, root: Root, device: Device): string | undefined {
  if (device.bus !== 'pci') return undefined;
  const id = (name: string): string => files.read(pathBelow(root, `${device.syspath}/${name}`), 64).trim();
  const ids = cache.get(files, root, () => readIds(files, root));
  if (!ids) return undefined;
  const [vendor, product] = [id('vendor'), id('device')];
  const model = `${vendor}:${product}`;
  if (!ids.labels.has(model)) ids.labels.set(model, findLabel(ids.text, vendor, product));
  return ids.labels.get(model);
}
