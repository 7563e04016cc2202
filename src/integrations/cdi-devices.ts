/** Which devices a CDI specification can have, each with its checked node, and why the others can't be in it. */
import type { Device } from '../devices/device.ts';
import { readFact } from '../devices/facts.ts';
import { isNameable } from '../devices/no-cdev.ts';
import { attempt, errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { resolveDevice } from '../links/resolve.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import { isDeviceName } from './cdi-name.ts';
import { type CdiDevice, type Interface, sharedNodeOf } from './cdi-spec.ts';
import { linkEnd } from './link-end.ts';
import { faultOf, iommuNode, numberOf, type SharedNode } from './shared-node.ts';

export interface CdiChoice {
  readonly by: Interface;
  readonly devices: readonly CdiDevice[];
  /** A line each, printable. */
  readonly leftOut: readonly string[];
}

/**
 * `auto` is cdev where there is /dev/iommu and any device has a node of its own: both come with the kernel, not with a
 * device. Throws VfioNamesError `no-shared-node` (status 5) where the devices have nodes that are of no use without it.
 */
export function chooseDevices(
  files: Files,
  root: Root,
  devices: readonly Device[],
  wanted: Interface | 'auto',
): CdiChoice {
  const hasIommufd = sharedFault(files, root, iommuNode) === undefined;
  const auto = hasIommufd && devices.some(isNameable) ? 'cdev' : 'group';
  const by = wanted === 'auto' ? auto : wanted;
  const chosen: CdiDevice[] = [];
  const leftOut: string[] = [];
  for (const device of devices) {
    try {
      chosen.push(describe(files, root, device, by));
    } catch (error) {
      leftOut.push(`${printable(device.name)} is left out: ${reasonOf(error)}`);
    }
  }
  const fault = chosen.length === 0 ? undefined : sharedFault(files, root, sharedNodeOf(by));
  if (fault === undefined) return { by, devices: chosen, leftOut };
  const { path, remedy } = sharedNodeOf(by);
  throw new VfioNamesError(
    'no-shared-node',
    exitStatus.unsupported,
    `expected ${path} for the interface ${by}, found ${fault}; ${remedy}`,
    { path },
  );
}

/** A device may leave between any two calls; what is no failed call is a fault of the program. */
function reasonOf(error: unknown): string {
  if (error instanceof VfioNamesError) return error.message;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return `expected a device that stays while it is looked at, found ${errno}; look again`;
}

function describe(files: Files, root: Root, device: Device, by: Interface): CdiDevice {
  if (!isDeviceName(device.name))
    throw refusal(
      'expected letters, digits and _.:- between a letter or digit at both ends, as CDI wants its names; give the container the node itself',
      device,
    );
  const group = readFact(files, root, device, 'group');
  const node = by === 'cdev' ? ownNode(files, root, device) : groupNode(files, root, device);
  return { name: device.name, node, group, numaNode: readFact(files, root, device, 'numaNode') };
}

/** The device's node itself: the end of udev's /dev/char/247:3 where the kernel's own path is missing. */
function ownNode(files: Files, root: Root, device: Device): string {
  const { nodePath: node, devnum } = resolveDevice(files, root, device);
  const path = linkEnd(files, root, node);
  const fault = path === node ? undefined : charFault(files, root, path, devnum);
  if (fault === undefined) return path;
  throw refusal(
    `expected the node ${devnum} at ${printable(path)}, found ${fault}; bind the device anew`,
    device,
  );
}

/** The group's node, checked against /sys/class/vfio/GROUP/dev (drivers/vfio/group.c). */
function groupNode(files: Files, root: Root, device: Device): string {
  const path = readFact(files, root, device, 'groupNode');
  if (path === undefined) throw refusal('expected an IOMMU group, found none; switch the IOMMU on', device);
  const attribute = `/sys/class/vfio/${path.slice('/dev/vfio/'.length)}/dev`;
  const text = attempt(() => files.read(at(root, attribute), 64), 'ENOENT', 'ENODEV');
  const fault = charFault(files, root, path, text === undefined ? undefined : parseDevnum(text));
  if (fault === undefined) return path;
  throw refusal(
    `expected the group's node at ${path}, found ${fault}; use --interface cdev, or a kernel with CONFIG_VFIO_GROUP`,
    device,
  );
}

function sharedFault(files: Files, root: Root, node: SharedNode): string | undefined {
  return charFault(files, root, node.path, numberOf(files, root, node));
}

function charFault(files: Files, root: Root, path: string, devnum: string | undefined): string | undefined {
  const status = attempt(() => files.fstat(at(root, path)), 'ENOENT', 'ENOTDIR');
  return status ? faultOf(status, devnum) : 'nothing';
}

function refusal(message: string, device: Device): VfioNamesError {
  return new VfioNamesError('left-out', exitStatus.unsupported, message, { device: device.name });
}
