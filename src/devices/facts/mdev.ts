/** The facts of a mediated device: its type and its parent device. */
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { baseName } from '../../text/path.ts';
import type { Device } from '../types.ts';

/** Whether the text is a UUID with dashes, in any letter case; mediated devices have UUIDs as names. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

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
