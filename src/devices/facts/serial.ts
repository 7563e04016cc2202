/** The serial number in the configuration space of a PCI Express device. */
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { pciAddressOf } from '../pci.ts';
import type { Device } from '../types.ts';

/** Offsets where extended capabilities begin and end (PCI_CFG_SPACE_SIZE, PCI_CFG_SPACE_EXP_SIZE in linux/pci_regs.h). */
const [begin, end] = [0x100, 0x1000];

/** PCI_EXT_CAP_ID_DSN. */
const dsnCapability = 0x0003;

/**
 * Serial numbers that a maker gives to every card, so that they identify none. Each was seen on unrelated machines in public
 * listings of `lspci -v`, with the driver of the card in brackets.
 */
const sharedSerials: readonly RegExp[] = [
  /^(00-){8}$|^(ff-){8}$/,
  // The number of the chip and Realtek's OUI 00:e0:4c in reverse: 01-00-00-00-68-4c-e0-00, 04-00-00-00-68-4c-e0-00,
  // 6c-06-00-00-68-4c-e0-00, 01-00-00-00-36-4c-e0-00, 00-00-00-01-00-4c-e0-00 (r8169).
  /-4c-e0-00-$/,
  // Counters that nobody has set (r8169, CXL memory).
  /^(00-){7}01-$|^01-(00-){7}$/,
  // Digits in order: 12-34-56-78-12-34-56-78 (r8169), 12-34-56-78-90-00-00-00 (CXL), 00-00-00-00-12-34-56-78 (xtrx).
  /^(12-34-56-78-(12-34-56-78|90-00-00-00|9a-bc-de-f0)|00-00-00-00-12-34-56-78)-$/,
  /^(11-22-33-44-55-66-77-88|01-02-03-04-05-06-07-08|de-ad-be-ef-de-ad-be-ef)-$/,
  // (ath9k)
  /^00-15-17-ff-ff-24-14-12-$/,
];

/** Whether a serial number in lspci's format is one that many cards have, so that it does not identify a card. */
export function isSharedSerial(serial: string): boolean {
  return sharedSerials.some((shared) => shared.test(`${serial}-`));
}

/**
 * Extracts the Device Serial Number (PCI Express specification 7.9.3) from a configuration space, in the format of lspci:
 * `a0-36-9f-ff-ff-12-34-56`. Returns `undefined` if the device has no serial number, or if the space is too short (without CAP_SYS_ADMIN the kernel returns 64 bytes). The number of steps through the capability
 * list is limited, so a cyclic list ends.
 */
export function parseSerial(config: Uint8Array): string | undefined {
  const view = new DataView(config.buffer, config.byteOffset, Math.min(config.byteLength, end));
  let offset = begin;
  for (let steps = (end - begin) / 8; steps > 0; steps--) {
    if (offset < begin || offset + 4 > view.byteLength) return undefined;
    const header = view.getUint32(offset, true);
    if (header === 0 || header === 0xffffffff) return undefined;
    if ((header & 0xffff) === dsnCapability) return formatSerial(view, offset + 4);
    offset = (header >>> 20) & 0xffc;
  }
  return undefined;
}

/** Formats two little-endian 32-bit words, the low word first, from the highest byte down. */
function formatSerial(view: DataView, offset: number): string | undefined {
  if (offset + 8 > view.byteLength) return undefined;
  const bytes = Array.from({ length: 8 }, (_, index) => view.getUint8(offset + 7 - index));
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('-');
}

/** Reads a PCI device's serial number; `undefined` for one that many cards have. The kernel resumes a suspended device for the read; it has no other effect. */
export function readSerial(files: Files, root: Root, device: Device): string | undefined {
  const serial = readAnySerial(files, root, device);
  return serial === undefined || isSharedSerial(serial) ? undefined : serial;
}

/** Reads a PCI device's serial number, also one that many cards have. */
export function readAnySerial(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  return parseSerial(files.readBytes(pathBelow(root, `${device.syspath}/config`), end));
}
