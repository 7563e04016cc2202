/** What people call a PCI device: vendor and product from the system's pci.ids. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';

/** Where distributions keep it: Debian; Fedora, Arch, Alpine. The first that is there counts. */
export const idFiles = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'] as const;

/** The file has about 1.5 MB; more than this is not that file. */
const largest = 8 << 20;

/**
 * Vendor and product of the ids `0x10de` and `0x2204`: `NVIDIA Corporation GA102 [GeForce RTX 3090]`. A product that the
 * list lacks is `NVIDIA Corporation Device 2204`, and an unknown vendor gives `undefined`.
 * Format: `VVVV  vendor`, then lines `<tab>DDDD  product` (https://pci-ids.ucw.cz).
 */
export function labelFrom(ids: string, vendor: string, product: string): string | undefined {
  const [vendorId, productId] = [vendor.replace(/^0x/, ''), product.replace(/^0x/, '')];
  const start = lineStart(ids, `${vendorId}  `, 0, ids.length);
  if (start < 0) return undefined;
  const end = endOfVendor(ids, start);
  const line = lineStart(ids, `\t${productId}  `, start, end);
  const name = line < 0 ? `Device ${productId}` : restOfLine(ids, line);
  return `${restOfLine(ids, start)} ${name}`;
}

/** Where the text after `lead` begins, for the first line between `from` and `to` that begins with it; -1 if none. */
function lineStart(ids: string, lead: string, from: number, to: number): number {
  if (from === 0 && ids.startsWith(lead)) return lead.length;
  const found = ids.indexOf(`\n${lead}`, from);
  return found < 0 || found >= to ? -1 : found + 1 + lead.length;
}

/** The next line that is neither indented, a comment nor empty. */
function endOfVendor(ids: string, from: number): number {
  const next = /\n[^\t\n#]/g;
  next.lastIndex = from;
  return next.exec(ids)?.index ?? ids.length;
}

function restOfLine(ids: string, from: number): string {
  const end = ids.indexOf('\n', from);
  return ids.slice(from, end < 0 ? ids.length : end).trim();
}

// One text, not one a root: a machine has one list, and a run looks at one machine. The inode tells a new list.
let kept: { readonly path: string; readonly inode: string; readonly text: string } | undefined;

function readIds(files: Files, root: Root): string | undefined {
  for (const file of idFiles) {
    const path = at(root, file);
    const status = attempt(() => files.stat(path), 'ENOENT', 'ENOTDIR', 'EACCES');
    if (status?.kind !== 'file') continue;
    if (kept?.path !== path || kept.inode !== status.inode)
      kept = { path, inode: status.inode, text: files.read(path, largest) };
    return kept.text;
  }
  return undefined;
}

/** Reads a PCI device's label; `undefined` where the system has no list, or the list not this vendor. */
export function readLabel(files: Files, root: Root, device: Device): string | undefined {
  if (device.bus !== 'pci') return undefined;
  const id = (name: string): string => files.read(at(root, `${device.syspath}/${name}`), 64).trim();
  const ids = readIds(files, root);
  return ids === undefined ? undefined : labelFrom(ids, id('vendor'), id('device'));
}
