/** Finds the device of a DEVPATH. */
import type { Device } from '../devices/device.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';

/**
 * Returns the device of `/devices/.../vfio-dev/vfioN` (DEVPATH of udev, with or without `/sys` in front). Throws an
 * Error with a message of one line if the path has another form, or if the number belongs to no device or another one
 * now.
 */
export function deviceOfDevpath(files: Files, root: Root, devpath: string): Device {
  const path = devpath.startsWith('/sys/') ? devpath.slice(4) : devpath;
  const match = /^(\/devices\/.+)\/vfio-dev\/([^/]+)$/.exec(path);
  if (!match) throw new Error('expected DEVPATH to be /devices/.../vfio-dev/vfioN; it names no VFIO device');
  const device = scanDevice(files, root, match[2] ?? '');
  if (!device)
    throw new Error(`expected ${match[2]} in /sys/class/vfio-dev, found nothing; the device went away`);
  if (device.syspath !== `/sys${match[1]}`)
    throw new Error(`expected ${match[2]} to be the device of DEVPATH, found another; it was bound anew`);
  return device;
}
