/** The profile of an NVIDIA vGPU that is a VF instead of a mediated device (drivers of vGPU 17 and later). */
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { pciAddressOf } from '../pci.ts';
import type { Device } from '../types.ts';

/**
 * Reads the number of the profile, `1155`, from nvidia/current_vgpu_type; `undefined` while no profile is set (0). Throws the
 * errno for a device without the file.
 */
export function readVgpuType(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  const text = files.read(pathBelow(root, `${device.syspath}/nvidia/current_vgpu_type`), 64).trim();
  return /^[1-9]\d{0,9}$/.test(text) ? text : undefined;
}
