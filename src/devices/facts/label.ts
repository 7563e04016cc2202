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
  const start = lineStart(ids, `${vendorId}  `, 0, ids.length);
  if (start < 0) return undefined;
  const end = endOfVendor(ids, start);
  const line = lineStart(ids, `\t${productId}  `, start, end);
  const name = line < 0 ? `Device ${productId}` : restOfLine(ids, line);
  return `${restOfLine(ids, start)} ${name}`;
}

/** Finds the first line between `from` and `to` that begins with `prefix`; returns the index after `prefix`, or -1. */
function lineStart(ids: string, prefix: string, from: number, to: number): number {
  if (from === 0 && ids.startsWith(prefix)) return prefix.length;
  const found = ids.indexOf(`\n${prefix}`, from);
  return found < 0 || found >= to ? -1 : found + 1 + prefix.length;
}

/** Returns the index of the next line that is not indented, not a comment and not empty: the end of a vendor's list. */
function endOfVendor(ids: string, from: number): number {
  const next = /\n[^\t\n#]/g;
  next.lastIndex = from;
  return next.exec(ids)?.index ?? ids.length;
}

function restOfLine(ids: string, from: number): string {
  const end = ids.indexOf('\n', from);
  return ids.slice(from, end < 0 ? ids.length : end).trim();
}

const cache = new RunCache<string | undefined>();

function readIds(files: Files, root: Root): string | undefined {
  for (const file of pciIdsPaths) {
    const path = pathBelow(root, file);
    const status = ignoring(() => files.stat(path), 'ENOENT', 'ENOTDIR', 'EACCES');
    if (status?.kind !== 'file') continue;
    return files.read(path, MAX_BYTES);
  }
  return undefined;
}

/** Reads a PCI device's label; `undefined` if the system has no pci.ids or the file does not list the vendor. */
export function readLabel(files: Files, root: Root, device: Device): string | undefined {
  if (device.bus !== 'pci') return undefined;
  const id = (name: string): string => files.read(pathBelow(root, `${device.syspath}/${name}`), 64).trim();
  const ids = cache.get(files, root, () => readIds(files, root));
  return ids === undefined ? undefined : findLabel(ids, id('vendor'), id('device'));
}
