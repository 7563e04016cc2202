/** The facts of a mediated device: its type and its parent device. */
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { baseName } from '../scan.ts';
import type { Device } from '../types.ts';

/** Reads the type, which the parent's driver defines: `nvidia-256` (the `mdev_type` link, drivers/vfio/mdev/mdev_sysfs.c). */
export function readMdevType(files: Files, root: Root, device: Device): string | undefined {
  if (device.bus !== 'mdev') return undefined;
  return baseName(files.readlink(pathBelow(root, `${device.syspath}/mdev_type`)));
}

/** Returns the name of the parent device, `0000:00:02.0`: the directory that contains the mediated device's directory. */
export function mdevParent(device: Device): string | undefined {
  const parts = device.syspath.split('/');
  return device.bus === 'mdev' && parts.length > 4 ? parts.at(-2) : undefined;
}
