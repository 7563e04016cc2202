/** What sysfs says of a mediated device: its type and the device that carries it. */
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';
import { lastPart } from './identify.ts';

/** The type as the parent's driver names it, `nvidia-256` (the `mdev_type` link, drivers/vfio/mdev/mdev_sysfs.c). */
export function readMdevType(files: Files, root: Root, device: Device): string | undefined {
  if (device.bus !== 'mdev') return undefined;
  return lastPart(files.readlink(at(root, `${device.syspath}/mdev_type`)));
}

/** The name of the device that carries it, `0000:00:02.0`: its directory lies in that device's own. */
export function mdevParent(device: Device): string | undefined {
  const parts = device.syspath.split('/');
  return device.bus === 'mdev' && parts.length > 4 ? parts.at(-2) : undefined;
}
