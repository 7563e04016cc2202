/** Opens the node of a device or of its group for `exec`, after it was compared with sysfs. Does not claim or reset the device. */
import type { Device } from '../devices/types.ts';
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { assertUnchanged, resolveDevice } from '../links/resolve.ts';
import { assertMember, resolveGroup } from '../links/resolve-group.ts';
import { containerNode, followLink, iommuNode, nodeMismatch, readDevnum } from '../links/shared-nodes.ts';
import { gatherEvidence, type NodeKind, nodePaths } from '../probe/evidence.ts';
import { explain, explainTimeout } from '../probe/explain.ts';
import type { Explanation } from '../probe/explanation.ts';
import type { NodeCalls } from '../system/calls.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';

export interface Opener {
  readonly files: Files;
  readonly root: Root;
  readonly nodes: NodeCalls;
  /** For each open, in seconds. */
  readonly timeout: number;
}

/**
 * Returns a descriptor of the device; the caller closes it. The node is opened with O_PATH, compared with sysfs, and opened
 * through that descriptor, so that no other device is opened, not even for a moment. sysfs is read again afterwards: an open
 * node keeps its device registered, and so keeps its device number (vfio_device_fops_cdev_open). Throws the errors of
 * resolveDevice, `not-permitted` (status 4), `busy`, `node-mismatch` and `timeout` (1), `device-changed` (3: the device was just
 * unbound), and the errno of any other failed open.
 */
export async function openDevice(opener: Opener, device: Device): Promise<number> {
  const { files, root } = opener;
  const { nodePath, devnum } = resolveDevice(files, root, device);
  const path = followLink(files, root, nodePath);
  const fd = await openChecked(opener, 'node', path, devnum, device);
  try {
    assertUnchanged(files, root, device);
  } catch (error) {
    opener.nodes.close(fd);
    throw error;
  }
  return fd;
}

/**
 * Returns a descriptor of /dev/iommu; the caller closes it. `device` is the one for which it is opened. Throws `no-iommufd`
 * (status 5), and what openDevice throws.
 */
export async function openIommu(opener: Opener, device: Device): Promise<number> {
  const { path, attribute, hint } = iommuNode;
  // Its number is dynamic: without the module, it may belong to another device.
  const devnum = readDevnum(opener.files, opener.root, iommuNode);
  if (devnum === undefined)
    throw new VfioNamesError(
      'no-iommufd',
      exitStatus.unsupported,
      `expected the number of ${path} at ${attribute}, found none`,
      { hint, path },
    );
  return await openChecked(opener, 'iommu', path, devnum, device);
}

/**
 * Returns a descriptor of the node of the group that these devices are in; the caller closes it. The kernel lets one descriptor
 * of a group be open at a time (vfio_group_fops_open). sysfs is read again afterwards: each device must still be a member that
 * a driver of VFIO has. Throws the errors of resolveGroup, and what openDevice throws.
 */
export async function openGroup(opener: Opener, devices: readonly [Device, ...Device[]]): Promise<number> {
  const { files, root } = opener;
  const [first] = devices;
  const { nodePath, devnum, group } = resolveGroup(files, root, first);
  const fd = await openChecked(opener, 'group', nodePath, devnum, first);
  try {
    for (const device of devices) assertMember(files, root, device, group);
  } catch (error) {
    opener.nodes.close(fd);
    throw error;
  }
  return fd;
}

/** Returns a descriptor of a new container, which has no group yet; the caller closes it. Throws what openDevice throws. */
export async function openContainer(opener: Opener, device: Device): Promise<number> {
  const { path, fixedDevnum = '' } = containerNode;
  const devnum = readDevnum(opener.files, opener.root, containerNode) ?? fixedDevnum;
  return await openChecked(opener, 'container', path, devnum, device);
}

/** What restores a node that is not the one of sysfs. */
const mismatchHints: Readonly<Record<NodeKind, string>> = {
  node: 'try again',
  iommu: 'remove it and reload the module iommufd',
  group: 'try again',
  container: 'remove it and reload the module vfio',
};

async function openChecked(
  opener: Opener,
  kind: NodeKind,
  path: string,
  devnum: string,
  device: Device,
): Promise<number> {
  const { files, root, nodes, timeout } = opener;
  let held: number | undefined;
  try {
    held = nodes.hold(`open ${kind}`, pathBelow(root, path));
    const mismatch = nodeMismatch(nodes.status(`fstat ${kind}`, held), devnum);
    if (mismatch !== undefined)
      throw new VfioNamesError(
        'node-mismatch',
        exitStatus.findings,
        `expected the character device ${devnum} at ${printable(path)}, found ${mismatch}`,
        { hint: mismatchHints[kind], device: device.name, path },
      );
    return await nodes.open(`open ${kind}`, held, timeout * 1000);
  } catch (error) {
    const errno = errnoOf(error);
    if (error instanceof VfioNamesError || errno === undefined) throw error;
    const step = `open ${kind}`;
    const explanation =
      errno === 'ETIMEDOUT'
        ? explainTimeout(step, timeout)
        : explain(
            { step, errno },
            gatherEvidence(files, root, device, nodePaths(files, root, device), false),
          );
    throw openError(errno, explanation, kind === 'node' || kind === 'group' ? device.name : path, {
      device: device.name,
      path,
      cause: error,
    });
  } finally {
    if (held !== undefined) nodes.close(held);
  }
}

/** Codes of errors that an errno alone decides. */
const codes: Readonly<Record<string, string>> = {
  EBUSY: 'busy',
  ELOOP: 'node-mismatch',
  ETIMEDOUT: 'timeout',
};

function openError(
  errno: string,
  { status, cause, remedy }: Explanation,
  subject: string,
  facts: { readonly device: string; readonly path: string; readonly cause: unknown },
): VfioNamesError {
  const byStatus =
    status === exitStatus.notPermitted
      ? 'not-permitted'
      : status === exitStatus.noDevice
        ? 'device-changed'
        : status === exitStatus.unsupported
          ? 'unsupported'
          : errno;
  return new VfioNamesError(
    codes[errno] ?? byStatus,
    status,
    `could not open ${printable(subject)}: ${cause}`,
    { ...facts, hint: remedy },
  );
}
