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
 * Extracts the Device Serial Number (PCI Express specification 7.9.3) from a configuration space, in the format of lspci:
 * `a0-36-9f-ff-ff-12-34-56`. Returns `undefined` if the device has no serial number, if it is all zeros or all ones, or if
 * the space is too short (without CAP_SYS_ADMIN the kernel returns 64 bytes). The number of steps through the capability
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
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) return undefined;
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('-');
}

/** Reads a PCI device's serial number. The kernel resumes a suspended device for the read; it has no other effect. */
export function readSerial(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  return parseSerial(files.readBytes(pathBelow(root, `${device.syspath}/config`), end));
}
