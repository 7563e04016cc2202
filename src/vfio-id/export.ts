/** The lines that vfio_id prints for IMPORT{program} of udev. */

import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';

/** Bytes. udevd reads at most 16384 bytes of a program's output (spawn_exec in systemd's src/udev/udev-spawn.c). */
const MAX_OUTPUT = 16000;

/** Returns the udev property of a fact: `ID_VFIO_MDEV_TYPE` for `mdevType`. */
export function propertyOf(fact: string): string {
  return `ID_VFIO_${fact.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/**
 * Whether udev parses `KEY=value` back to the same value (get_property_from_string in systemd's src/udev/udev-rules.c):
 * the value is not empty, is valid UTF-8 (udev rejects anything else), has no control characters (a line break would
 * start another key), and does not begin or end with a quote or white space.
 */
export function isExportable(value: string): boolean {
  return (
    value !== '' &&
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/.test(value) &&
    !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value) &&
    !/^[\s"']|[\s"'\\]$/.test(value)
  );
}

/**
 * Returns the lines, each with its newline. Omits values that udev would parse differently or that exceed the size
 * limit.
 */
export function exportLines(properties: readonly (readonly [string, string])[]): string {
  let text = '';
  let bytes = 0;
  for (const [key, value] of properties) {
    const line = `${key}=${value}\n`;
    const size = line.length * (/^[\u0000-\u007f]*$/.test(line) ? 1 : 3);
    if (!isExportable(value) || bytes + size > MAX_OUTPUT) continue;
    text += line;
    bytes += size;
  }
  return text;
}

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
    throw new Error(
      `expected ${match[2]} to be the device of DEVPATH, found another; it was unbound and bound again`,
    );
  return device;
}
