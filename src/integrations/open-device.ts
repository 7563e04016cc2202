/** Opens the node of a device and verifies the descriptor. Does not claim or reset the device. */
import type { Device } from '../devices/device.ts';
import { errnoOf, exitStatus, ioError, VfioNamesError } from '../errors.ts';
import { assertUnchanged, resolveDevice } from '../links/resolve.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import { followLink } from './link-end.ts';
import type { OpenCalls } from './opener.ts';
import { nodeMismatch } from './shared-node.ts';

/**
 * Returns a descriptor of the device; the caller closes it. Throws the errors of resolveDevice, `not-permitted` (status 4),
 * `busy` and `false-node` (1), `replaced` (3: the device was just unbound), and the errno of any other failed open. Reads
 * sysfs again after the open: an open node keeps its device registered, and so keeps its device number
 * (vfio_device_fops_cdev_open).
 */
export function openDevice(files: Files, root: Root, opener: OpenCalls, device: Device): number {
  const { nodePath: node, devnum } = resolveDevice(files, root, device);
  const path = followLink(files, root, node);
  let fd: number;
  try {
    fd = opener.open('open node', pathBelow(root, path));
  } catch (error) {
    throw openError(error, device, path);
  }
  try {
    const mismatch = nodeMismatch(opener.status('fstat node', fd), devnum);
    if (mismatch !== undefined)
      throw new VfioNamesError(
        'false-node',
        exitStatus.findings,
        `expected the character device ${devnum} behind the opened ${path}, found ${mismatch}; try again`,
        { device: device.name, path },
      );
    assertUnchanged(files, root, device);
  } catch (error) {
    opener.close(fd);
    throw error;
  }
  return fd;
}

function openError(error: unknown, device: Device, path: string): VfioNamesError {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  const facts = { device: device.name, path, cause: error };
  const expected = `expected to open ${printable(path)} of ${printable(device.name)}, found ${errno}`;
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return new VfioNamesError(
        'not-permitted',
        exitStatus.notPermitted,
        `${expected}; run it as root (with --user for CMD), or let your user open the node: [[access]] in the policy`,
        facts,
      );
    case 'EBUSY':
      return new VfioNamesError(
        'busy',
        exitStatus.findings,
        `${expected}: somebody has it; vfio-names holders ${printable(device.name)} tells who`,
        facts,
      );
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return new VfioNamesError(
        'replaced',
        exitStatus.noDevice,
        `${expected}: it just left; bind it anew, or try again`,
        facts,
      );
    case 'ELOOP':
      return new VfioNamesError(
        'false-node',
        exitStatus.findings,
        `${expected}: a link is in the node's place; try again`,
        facts,
      );
    default:
      return ioError(error, 'open the node', printable(path));
  }
}
