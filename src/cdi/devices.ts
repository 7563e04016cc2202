/** Selects the devices for a CDI specification, verifies their nodes, and reports why other devices are skipped. */

import { readFact } from '../devices/facts.ts';
import { readGroupMembers } from '../devices/iommu-group.ts';
import { scanDevices } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, exitStatus, ignoring, VfioNamesError, withHint } from '../errors.ts';
import type { SkippedDevice } from '../links/node-check.ts';
import { resolveDevice } from '../links/resolve.ts';
import { notViableError, resolveGroup } from '../links/resolve-group.ts';
import { followLink, nodeMismatch, readDevnum, type SharedNode } from '../links/shared-nodes.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { availableInterface, hasGroupNodes, hasIommufd } from './interface.ts';
import { type CdiDevice, type Interface, isDeviceName, sharedNodeOf } from './spec.ts';

export interface CdiOptions {
  readonly wanted: Interface | 'auto';
  /** Whether each device has the nodes of all devices of its group that are bound to VFIO drivers. */
  readonly wholeGroups: boolean;
}

interface CdiSelection {
  readonly by: Interface;
  readonly devices: readonly CdiDevice[];
  readonly skipped: readonly SkippedDevice[];
  /** When the newest of the nodes was created, in milliseconds since 1970; 0 without a device. See newestNode(). */
  readonly newestNode: number;
}

/**
 * Selects the devices that can be in the specification. `auto` means the interface that this kernel has. Throws
 * VfioNamesError `no-group-nodes` (status 5) on a kernel without groups, and `no-shared-node` (status 5) if devices were
 * selected but the shared node that they need (/dev/iommu or /dev/vfio/vfio) is missing.
 */
export function selectDevices(
  files: Files,
  root: Root,
  devices: readonly Device[],
  { wanted, wholeGroups }: CdiOptions,
): CdiSelection {
  const by = wanted === 'auto' ? availableInterface(files, root, devices) : wanted;
  if (by === 'group' && devices.length > 0 && !hasGroupNodes(files, root, devices))
    throw new VfioNamesError(
      'no-group-nodes',
      exitStatus.unsupported,
      'expected group nodes for the interface group, found none: this kernel lists no group in /sys/class/vfio',
      {
        hint: hasIommufd(files, root)
          ? 'use --interface cdev'
          : 'use a kernel with CONFIG_VFIO_GROUP, or with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV',
      },
    );
  const chosen: CdiDevice[] = [];
  const skipped: SkippedDevice[] = [];
  for (const device of devices) {
    try {
      chosen.push(cdiDevice(files, root, device, by, wholeGroups));
    } catch (error) {
      skipped.push({
        name: device.name,
        ...(device.devnum !== undefined && { node: device.sysname }),
        ...skipReason(error),
      });
    }
  }
  const problem = chosen.length === 0 ? undefined : sharedNodeProblem(files, root, sharedNodeOf(by));
  if (problem === undefined)
    return { by, devices: chosen, skipped, newestNode: newestNode(files, root, by, chosen) };
  const { path, hint } = sharedNodeOf(by);
  throw new VfioNamesError(
    'no-shared-node',
    exitStatus.unsupported,
    `expected ${path} for the interface ${by}, found ${problem}`,
    { hint, path },
  );
}

/**
 * When the newest node of these devices was created. A runtime that stays in memory (containerd, CRI-O) adds the device numbers
 * to the specification that it has read, and keeps them until the file changes (container-device-interface,
 * pkg/cdi/container-edits_unix.go). The node of a group has the same path after each bind, but not the same number: an older
 * file has to be written again.
 */
function newestNode(files: Files, root: Root, by: Interface, devices: readonly CdiDevice[]): number {
  if (devices.length === 0) return 0;
  const paths = [sharedNodeOf(by).path, ...devices.flatMap(({ nodes }) => nodes)];
  const times = paths.map((path) =>
    ignoring(() => files.statNode(pathBelow(root, path)).modified, 'ENOENT', 'ENOTDIR'),
  );
  return Math.max(...times.map((time) => time ?? 0));
}

/**
 * A device can be removed between any two system calls. Rethrows errors that are not failed system calls: they are
 * bugs.
 */
function skipReason(error: unknown): Pick<SkippedDevice, 'reason' | 'message'> {
  if (error instanceof VfioNamesError) return { reason: error.code, message: withHint(error) };
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return {
    reason: errno,
    message: `expected a device that does not change while it is read, found ${errno}; look again`,
  };
}

function cdiDevice(files: Files, root: Root, device: Device, by: Interface, wholeGroup: boolean): CdiDevice {
  if (!isDeviceName(device.name))
    throw skipError(
      device,
      'expected letters, digits and _.:- between a letter or digit at both ends, as CDI wants its names',
      'give the container the node itself',
    );
  if (by === 'cdev' && device.sysname.startsWith('noiommu-'))
    throw skipError(
      device,
      'expected a device with an IOMMU, found one without, which gives no isolation',
      'enable the IOMMU, or give the container the node itself and CAP_SYS_RAWIO',
    );
  const group = readFact(files, root, device, 'group');
  const others = wholeGroup && group !== undefined ? othersOfGroup(files, root, device, group) : [];
  const nodes =
    by === 'cdev'
      ? [device, ...others].map((member) => deviceNode(files, root, member))
      : [resolveGroup(files, root, device).nodePath];
  return { name: device.name, nodes, group, numaNode: readFact(files, root, device, 'numaNode') };
}

/** The other devices of the group that are bound to VFIO drivers. Throws `group-not-viable` if a driver of the host has one. */
function othersOfGroup(files: Files, root: Root, device: Device, number: string): readonly Device[] {
  const { members } = readGroupMembers(files, root, number);
  const closed = notViableError({ number, members });
  if (closed) throw closed;
  const syspaths = new Set(members.map(({ syspath }) => syspath));
  return scanDevices(files, root).devices.filter(
    ({ syspath }) => syspath !== device.syspath && syspaths.has(syspath),
  );
}

/** Returns the path of the device's node. If the kernel's path is missing, this is the target of udev's /dev/char/247:3. */
function deviceNode(files: Files, root: Root, device: Device): string {
  const { nodePath: node, devnum } = resolveDevice(files, root, device);
  const path = followLink(files, root, node);
  const problem = path === node ? undefined : charNodeProblem(files, root, path, devnum);
  if (problem === undefined) return path;
  throw skipError(
    device,
    `expected the node ${devnum} at ${printable(path)}, found ${problem}`,
    'unbind and bind the device again',
  );
}

function sharedNodeProblem(files: Files, root: Root, node: SharedNode): string | undefined {
  return charNodeProblem(files, root, node.path, readDevnum(files, root, node));
}

function charNodeProblem(
  files: Files,
  root: Root,
  path: string,
  devnum: string | undefined,
): string | undefined {
  const status = ignoring(() => files.statNode(pathBelow(root, path)), 'ENOENT', 'ENOTDIR');
  return status ? nodeMismatch(status, devnum) : 'nothing';
}

function skipError(device: Device, message: string, hint: string): VfioNamesError {
  return new VfioNamesError('device-skipped', exitStatus.unsupported, message, { hint, device: device.name });
}
