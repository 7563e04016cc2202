/**
 * Resolves a device to its node: reads sysfs, opens the node, compares device numbers, re-reads sysfs. Never follows
 * links in /dev/vfio.
 */

import { isNoIommu, noCdevReason, nodePathOf } from '../devices/cdev.ts';
import { readFact } from '../devices/facts.ts';
import { noVfioClass } from '../devices/not-bound.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, exitStatus, explainErrno, isPermissionErrno, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { checkNode, type NodeCheck } from './node-check.ts';

/** The verified node of a device. */
export interface Resolution {
  /** The device, as the scan found it. */
  readonly device: Device;
  /**
   * The verified path: `/dev/vfio/devices/vfio3`, or `/dev/char/247:3` if that node is missing or belongs to another
   * device.
   */
  readonly nodePath: string;
  /** The device number of the node, `MAJOR:MINOR`. */
  readonly devnum: string;
  /** Why /dev/vfio/devices was not used; absent if it was. */
  readonly fallbackReason?: string;
}

/**
 * Returns the verified node of a scanned device. Throws VfioNamesError: `no-cdev` and `no-vfio-class` (status 5),
 * `device-changed` (status 3: the device was removed or has another number now), `not-permitted` (status 4), `node-missing`
 * and `node-mismatch` (status 1).
 */
export function resolveDevice(files: Files, root: Root, device: Device): Resolution {
  if (device.sysname === '') throw noVfioClass(files, root, device);
  const devnum = device.devnum;
  if (devnum === undefined) {
    // A device that is being bound or unbound has no `dev` attribute either.
    assertUnchanged(files, root, device);
    throw noCdevError(files, root, device);
  }
  const path = nodePathOf(device.sysname);
  const check = checkNode(files, root, path, device);
  const fallback = check.verdict === 'ok' ? undefined : charPath(files, root, device, devnum);
  assertUnchanged(files, root, device);
  if (check.verdict === 'ok') return { device, nodePath: path, devnum };
  const problem = describeNodeCheck(path, check, devnum);
  if (fallback !== undefined) return { device, nodePath: fallback, devnum, fallbackReason: problem };
  throw nodeError(device, check, problem, path);
}

/**
 * The path that QEMU uses (hw/vfio/iommufd.c: /dev/char/MAJ:MIN), a link that udev maintains; its target is checked.
 */
function charPath(files: Files, root: Root, device: Device, devnum: string): string | undefined {
  const path = `/dev/char/${devnum}`;
  try {
    const status = files.stat(root + path);
    return status.kind === 'char' && status.devnum === device.devnum ? path : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Re-reads sysfs. Throws `device-changed` if the device was removed or its number belongs to another device now. */
export function assertUnchanged(files: Files, root: Root, device: Device): void {
  const now = scanDevice(files, root, device.sysname);
  if (now && now.syspath === device.syspath && now.devnum === device.devnum) return;
  const found = now ? `${printable(now.name)} has its number ${device.sysname} now` : 'it went away';
  throw new VfioNamesError(
    'device-changed',
    exitStatus.noDevice,
    `expected ${printable(device.name)} to stay bound while it was resolved, but ${found}`,
    { hint: 'try again', device: device.name },
  );
}

function noCdevError(files: Files, root: Root, device: Device): VfioNamesError {
  const noIommu = isNoIommu(files, root, device, readFact(files, root, device, 'group'));
  const groupNode = readFact(files, root, device, 'groupNode');
  const groupText = groupNode === undefined ? 'the group node' : printable(groupNode);
  return new VfioNamesError(
    'no-cdev',
    exitStatus.unsupported,
    `expected a node for ${printable(device.name)}, found none: ${noCdevReason(device, noIommu)}`,
    {
      hint: noIommu
        ? `use ${groupText} with --interface group, which needs CAP_SYS_RAWIO, or enable the IOMMU`
        : `use ${groupText} with --interface group, or a kernel with CONFIG_VFIO_DEVICE_CDEV`,
      device: device.name,
    },
  );
}

/** The error for a node that failed its check: `not-permitted` (status 4), `node-missing` or `node-mismatch` (status 1). */
export function nodeError(
  device: Pick<Device, 'name'>,
  check: NodeCheck,
  problem: string,
  path: string,
): VfioNamesError {
  const facts = { device: device.name, path };
  if (check.verdict === 'unreadable' && isPermissionErrno(check.errno))
    return new VfioNamesError('not-permitted', exitStatus.notPermitted, problem, {
      ...facts,
      hint: 'run it as root, or as a user who may enter that directory',
    });
  const code = check.verdict === 'missing' ? 'node-missing' : 'node-mismatch';
  return new VfioNamesError(code, exitStatus.findings, problem, {
    ...facts,
    hint: nodeRemedyOf(check.verdict, path),
  });
}

/** How to restore a node that devtmpfs should have created. */
export const nodeRemedy =
  'unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)';

/** How to restore a node that failed its check. */
export function nodeRemedyOf(verdict: NodeCheck['verdict'], path: string): string {
  return verdict === 'not-char' ? `remove ${printable(path)}, then bind the device again` : nodeRemedy;
}

/** One line that describes a failed node check. */
export function describeNodeCheck(
  path: string,
  check: Exclude<NodeCheck, { verdict: 'ok' }>,
  devnum: string,
): string {
  const expected = `expected the character device ${devnum} at ${path}`;
  switch (check.verdict) {
    case 'missing':
      return `${expected}, found nothing`;
    case 'unreadable':
      return `${expected}, could not examine it: ${explainErrno(check.errno)}`;
    case 'not-char':
      return `${expected}, found a ${check.status.kind}`;
    case 'devnum-mismatch':
      return `${expected}, found the device ${check.found}`;
  }
}
