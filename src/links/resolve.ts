/** From a device to its node, proved: sysfs, the opened node, sysfs once more. Trusts no link of /dev. */
import type { Device } from '../devices/device.ts';
import { whyNoCdev } from '../devices/no-cdev.ts';
import { scanOne } from '../devices/scan.ts';
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import { checkNode, type NodeCheck, nodePathOf } from './check-node.ts';

export interface Resolution {
  readonly device: Device;
  /** The checked path, `/dev/vfio/devices/vfio3`, or `/dev/char/247:3` where that one is missing or false. */
  readonly nodePath: string;
  readonly devnum: string;
  /** Why the kernel's own path was not taken. */
  readonly instead?: string;
}

/**
 * Gives the node of a device that was scanned a moment ago. Throws VfioNamesError: `no-cdev` (status 5),
 * `replaced` (status 3: the device went away or has another number by now), `not-permitted` (4),
 * `node-missing` and `false-node` (status 1).
 */
export function resolveDevice(files: Files, root: Root, device: Device): Resolution {
  const devnum = device.devnum;
  if (devnum === undefined) {
    // A device on its way in or out has a directory without `dev`, too.
    assertStill(files, root, device);
    throw noNode(device);
  }
  const path = nodePathOf(device.sysname);
  const check = checkNode(files, root, path, device);
  const other = check.verdict === 'true' ? undefined : byNumber(files, root, device, devnum);
  assertStill(files, root, device);
  if (check.verdict === 'true') return { device, nodePath: path, devnum };
  const fault = describeCheck(path, check, devnum);
  if (other !== undefined) return { device, nodePath: other, devnum, instead: fault };
  throw refusal(device, check, fault, path);
}

/** QEMU's second way (hw/vfio/iommufd.c: /dev/char/MAJ:MIN), which udev keeps: the link is followed, its end is checked. */
function byNumber(files: Files, root: Root, device: Device, devnum: string): string | undefined {
  const path = `/dev/char/${devnum}`;
  try {
    const status = files.stat(root + path);
    return status.kind === 'char' && status.devnum === device.devnum ? path : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The number may have gone to another device while we looked: then nothing that we saw counts. Throws `replaced`. */
export function assertStill(files: Files, root: Root, device: Device): void {
  const now = scanOne(files, root, device.sysname);
  if (now && now.syspath === device.syspath && now.devnum === device.devnum) return;
  const found = now ? `${printable(now.name)} has its number ${device.sysname} now` : 'it went away';
  throw new VfioNamesError(
    'replaced',
    exitStatus.noDevice,
    `expected ${printable(device.name)} to stay bound while it was resolved, but ${found}; try again`,
    { device: device.name },
  );
}

function noNode(device: Device): VfioNamesError {
  const remedy = 'use the group node, or a kernel with CONFIG_VFIO_DEVICE_CDEV';
  return new VfioNamesError(
    'no-cdev',
    exitStatus.unsupported,
    `expected a node for ${printable(device.name)}, found none: ${whyNoCdev(device)}; ${remedy}`,
    { device: device.name },
  );
}

function refusal(device: Device, check: NodeCheck, fault: string, path: string): VfioNamesError {
  const facts = { device: device.name, path };
  if (check.verdict === 'unreadable' && (check.errno === 'EACCES' || check.errno === 'EPERM'))
    return new VfioNamesError(
      'not-permitted',
      exitStatus.notPermitted,
      `${fault}; run it as root, or as a user who may enter that directory`,
      facts,
    );
  const code = check.verdict === 'missing' ? 'node-missing' : 'false-node';
  return new VfioNamesError(code, exitStatus.findings, `${fault}; ${nodeRemedy}`, facts);
}

/** What mends a node that devtmpfs should have made. */
export const nodeRemedy =
  'bind the device anew, or mount devtmpfs on /dev (in a container: pass the node in)';

/** One line about a node that is not the device's. */
export function describeCheck(
  path: string,
  check: Exclude<NodeCheck, { verdict: 'true' }>,
  devnum: string,
): string {
  const expected = `expected the character device ${devnum} at ${path}`;
  switch (check.verdict) {
    case 'missing':
      return `${expected}, found nothing`;
    case 'unreadable':
      return `${expected}, could not look: ${check.errno}`;
    case 'not-char':
      return `${expected}, found a ${check.status.kind}`;
    case 'other-devnum':
      return `${expected}, found the device ${check.found}`;
  }
}
