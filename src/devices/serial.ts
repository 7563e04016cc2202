/** The serial number that a PCI Express device carries in its configuration space. */
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';
import { addressOf } from './pci-address.ts';

/** Where extended capabilities begin and end (PCI_CFG_SPACE_SIZE, PCI_CFG_SPACE_EXP_SIZE in linux/pci_regs.h). */
const [begin, end] = [0x100, 0x1000];

/** PCI_EXT_CAP_ID_DSN. */
const serialNumber = 0x0003;

/**
 * The Device Serial Number (PCI Express specification 7.9.3) in a configuration space, as lspci writes it:
 * `a0-36-9f-ff-ff-12-34-56`. `undefined` where the device has none, where it is all zeros or all ones, and where the space
 * is too short (without CAP_SYS_ADMIN the kernel gives 64 bytes). Follows the list for no more steps than it can have.
 */
export function serialFrom(config: Uint8Array): string | undefined {
  const view = new DataView(config.buffer, config.byteOffset, Math.min(config.byteLength, end));
  let offset = begin;
  for (let steps = (end - begin) / 8; steps > 0; steps--) {
    if (offset < begin || offset + 4 > view.byteLength) return undefined;
    const header = view.getUint32(offset, true);
    if (header === 0 || header === 0xffffffff) return undefined;
    if ((header & 0xffff) === serialNumber) return textOf(view, offset + 4);
    offset = (header >>> 20) & 0xffc;
  }
  return undefined;
}

/** Two little-endian words, the low one first, written from the highest byte down. */
function textOf(view: DataView, offset: number): string | undefined {
  if (offset + 8 > view.byteLength) return undefined;
  const bytes = Array.from({ length: 8 }, (_, index) => view.getUint8(offset + 7 - index));
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) return undefined;
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('-');
}

/** Reads a PCI device's serial number. The kernel wakes a sleeping device for it, nothing else happens to the device. */
export function readSerial(files: Files, root: Root, device: Device): string | undefined {
  if (!addressOf(device)) return undefined;
  return serialFrom(files.bytes(at(root, `${device.syspath}/config`), end));
}
