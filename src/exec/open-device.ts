/** Opens the node of a device and verifies the descriptor. Does not claim or reset the device. */
import type { Device } from '../devices/types.ts';
import { errnoOf, exitStatus, ignoring, ioError, VfioNamesError } from '../errors.ts';
import { assertUnchanged, resolveDevice } from '../links/resolve.ts';
import type { NodeCalls } from '../system/calls.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { dirName, resolvePath } from '../text/path.ts';
import { printable } from '../text/printable.ts';

export interface SharedNode {
  readonly path: string;
  /** The sysfs attribute with its device number; does not exist while the module is not loaded. */
  readonly attribute: string;
  /** What the user can do if the node is missing. */
  readonly hint: string;
}

/** iommufd (drivers/iommu/iommufd/main.c: a misc device named iommu). */
export const iommuNode: SharedNode = {
  path: '/dev/iommu',
  attribute: '/sys/class/misc/iommu/dev',
  hint: 'load the module iommufd or boot a kernel with CONFIG_IOMMUFD; in a container, pass it in',
};

/** The container for groups (drivers/vfio/container.c: a misc device named vfio). */
export const containerNode: SharedNode = {
  path: '/dev/vfio/vfio',
  attribute: '/sys/class/misc/vfio/dev',
  hint: 'load the module vfio (CONFIG_VFIO_CONTAINER); in a container, pass it in',
};

/** Reads the device number from sysfs; `undefined` if the attribute is missing or unreadable. */
export function readDevnum(files: Files, root: Root, { attribute }: SharedNode): string | undefined {
  const text = ignoring(
    () => files.read(pathBelow(root, attribute), 64),
    'ENOENT',
    'ENOTDIR',
    'ENODEV',
    'EACCES',
  );
  return text === undefined ? undefined : parseDevnum(text);
}

/** Describes a node that is not the character device with the number from sysfs; `undefined` if it is. */
export function nodeMismatch(
  status: Pick<FileStatus, 'kind' | 'devnum'>,
  devnum: string | undefined,
): string | undefined {
  if (status.kind !== 'char') return `a ${status.kind}`;
  return devnum === undefined || status.devnum === devnum ? undefined : `the device ${status.devnum}`;
}

/** Follows one link within the root; returns the path itself if it is not a link. */
export function followLink(files: Files, root: Root, path: string): string {
  // readlink(2) fails with EINVAL if the path is not a link.
  const target = ignoring(() => files.readlink(pathBelow(root, path)), 'EINVAL');
  return target === undefined ? path : resolvePath(dirName(path), target);
}

/**
 * Returns a descriptor of the device; the caller closes it. Throws the errors of resolveDevice, `not-permitted` (status 4),
 * `busy` and `node-mismatch` (1), `device-changed` (3: the device was just unbound), and the errno of any other failed open. Reads
 * sysfs again after the open: an open node keeps its device registered, and so keeps its device number
 * (vfio_device_fops_cdev_open).
 */
export function openDevice(files: Files, root: Root, opener: NodeCalls, device: Device): number {
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
        'node-mismatch',
        exitStatus.findings,
        `expected the character device ${devnum} behind the opened ${path}, found ${mismatch}`,
        { hint: 'try again', device: device.name, path },
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
      return new VfioNamesError('not-permitted', exitStatus.notPermitted, expected, {
        ...facts,
        hint: 'run it as root (with --user for CMD), or let your user open the node: [[access]] in the policy',
      });
    case 'EBUSY':
      return new VfioNamesError('busy', exitStatus.findings, `${expected}: somebody has it`, {
        ...facts,
        hint: `vfio-names holders ${printable(device.name)} tells who`,
      });
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return new VfioNamesError('device-changed', exitStatus.noDevice, `${expected}: it just left`, {
        ...facts,
        hint: 'bind it anew, or try again',
      });
    case 'ELOOP':
      return new VfioNamesError(
        'node-mismatch',
        exitStatus.findings,
        `${expected}: a link is in the node's place`,
        { ...facts, hint: 'try again' },
      );
    default:
      return ioError(error, 'open the node', printable(path));
  }
}

/** Returns a descriptor; the caller closes it. Throws `no-iommufd` (status 5), `not-permitted` (4) and `node-mismatch` (1). */
export function openIommu(files: Files, root: Root, opener: NodeCalls): number {
  const { path } = iommuNode;
  let fd: number;
  try {
    fd = opener.open('open iommu', pathBelow(root, path));
  } catch (error) {
    throw iommuOpenError(error);
  }
  try {
    // Read after the open: if the module was not loaded yet, opening the node loads it.
    const devnum = readDevnum(files, root, iommuNode);
    if (devnum === undefined)
      throw unsupported(`expected the number of ${path} at ${iommuNode.attribute}, found none`);
    const mismatch = nodeMismatch(opener.status('fstat iommu', fd), devnum);
    if (mismatch === undefined) return fd;
    throw new VfioNamesError(
      'node-mismatch',
      exitStatus.findings,
      `expected the character device ${devnum} behind the opened ${path}, found ${mismatch}`,
      { hint: 'remove it and load the module iommufd anew', path },
    );
  } catch (error) {
    opener.close(fd);
    throw error;
  }
}

function iommuOpenError(error: unknown): VfioNamesError {
  const { path } = iommuNode;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'ENOENT' || errno === 'ENODEV' || errno === 'ENXIO')
    return unsupported(`expected to open ${path}, found ${errno}`);
  if (errno === 'EACCES' || errno === 'EPERM')
    return new VfioNamesError(
      'not-permitted',
      exitStatus.notPermitted,
      `expected to open ${path}, found ${errno}`,
      {
        hint: `run it as root (with --user for CMD), or let your user open ${path}`,
        path,
        cause: error,
      },
    );
  return ioError(error, 'open iommufd', path);
}

function unsupported(message: string): VfioNamesError {
  const { path, hint } = iommuNode;
  return new VfioNamesError('no-iommufd', exitStatus.unsupported, message, { hint, path });
}
