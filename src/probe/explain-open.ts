/** Explains why a node could not be opened: the device node, /dev/iommu, the group node or the container. */
import type { Evidence, NodeKind } from './evidence.ts';
import {
  deviceGone,
  type Explanation,
  explainPermission,
  inUse,
  notUsable,
  permissionDenied,
  unsupported,
} from './explanation.ts';
import type { ProbeFailure } from './protocol.ts';

const kinds: readonly NodeKind[] = ['node', 'iommu', 'group', 'container'];

/** The node of a step: `open iommu`, `fstat node`; `undefined` for a step that is not about a node. */
export function nodeKindOf(step: string): NodeKind | undefined {
  return kinds.find((kind) => step === `open ${kind}` || step === `fstat ${kind}`);
}

/** Returns `undefined` for a step that opens no node and for an errno without a specific explanation. */
export function explainOpen(failure: ProbeFailure, evidence: Evidence): Explanation | undefined {
  const kind = nodeKindOf(failure.step);
  if (kind === undefined) return undefined;
  // Independent of the errno: the kernel removes the device node and the group node with the device;
  // /dev/iommu and /dev/vfio/vfio remain.
  if ((kind === 'node' || kind === 'group') && !evidence.stillBound) return deviceGone('is being removed');
  switch (failure.errno) {
    case 'EACCES':
    case 'EPERM':
      // vfio_group_fops_open and, from Linux 7.3, vfio_device_fops_cdev_open.
      return failure.errno === 'EPERM' && evidence.noIommu && (kind === 'group' || kind === 'node')
        ? permissionDenied(
            'not permitted: a device without an IOMMU can be opened only with the capability CAP_SYS_RAWIO',
            evidence.uid === 0
              ? 'add CAP_SYS_RAWIO to the capabilities of this container or unit'
              : 'run it as root',
          )
        : explainPermission(failure.errno, evidence, kind);
    case 'ENOPROC':
      return unsupported('there is no /proc here, through which nodes are opened', 'mount proc on /proc');
    case 'ENOENT':
      return missing(evidence, kind);
    case 'ENODEV':
    case 'ENXIO':
      return kind === 'node'
        ? notUsable(
            `${evidence.nodes.node.path} is a stale node, or the device is being removed`,
            'try again; if the error persists, unbind and bind the device again',
          )
        : unsupported(
            `nothing answers behind ${evidence.nodes[kind].path}`,
            'load the modules vfio, vfio_iommu_type1 and iommufd',
          );
    case 'ELOOP':
      return notUsable(
        `${evidence.nodes[kind].path} is a link, expected the node itself`,
        'remove it, then unbind and bind the device again, so that the kernel creates the node',
      );
    case 'EBUSY':
      return kind === 'group' ? groupBusy(evidence) : undefined;
    default:
      return undefined;
  }
}

function missing(evidence: Evidence, kind: NodeKind): Explanation {
  const { path } = evidence.nodes[kind];
  switch (kind) {
    case 'node':
      return notUsable(
        `there is no ${path} here`,
        'mount devtmpfs on /dev; in a container, pass the node in',
      );
    case 'iommu':
      return unsupported(
        `there is no ${path}`,
        'load the module iommufd or boot a kernel with CONFIG_IOMMUFD; in a container, pass it in',
      );
    case 'group':
      return unsupported(
        `there is no ${path}`,
        'boot a kernel with CONFIG_VFIO_GROUP, or use the node of the device; in a container, pass it in',
      );
    case 'container':
      return unsupported(
        `there is no ${path}`,
        'load the module vfio (CONFIG_VFIO_CONTAINER), or use the node of the device; in a container, pass it in',
      );
  }
}

/**
 * Explains EBUSY of vfio_group_fops_open: the group node is open already, or a cdev of the group is bound.
 */
function groupBusy(evidence: Evidence): Explanation {
  const siblings = evidence.siblings.flatMap((sibling) => sibling.holders);
  const { cause, remedy } = inUse([...evidence.holders, ...siblings], evidence.incomplete);
  return notUsable(`group ${evidence.group} is ${cause}`, remedy);
}
