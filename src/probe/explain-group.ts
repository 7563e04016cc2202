/**
 * Explains why the legacy group interface failed after the group was opened (drivers/vfio/group.c,
 * container.c).
 */
import type { Evidence } from './evidence.ts';
import { explainHostSibling, explainTokenRequired } from './explain-bind.ts';
import { deviceGone, type Explanation, inUse, notUsable, unsupported } from './explanation.ts';
import { ioctls } from './layout.ts';
import type { ProbeFailure } from './protocol.ts';

/** Returns `undefined` for other steps and for an errno without a specific explanation. */
export function explainGroup(failure: ProbeFailure, evidence: Evidence): Explanation | undefined {
  switch (failure.step) {
    case ioctls.groupGetStatus.name:
      return failure.errno === 'EPERM' ? notViable(evidence) : undefined;
    case ioctls.groupSetContainer.name:
    case ioctls.setIommu.name:
      return explainContainer(failure, evidence);
    case ioctls.groupGetDeviceFd.name:
      return explainDevice(failure, evidence);
    default:
      return undefined;
  }
}

function notViable(evidence: Evidence): Explanation {
  if (evidence.siblings.some((sibling) => sibling.sharing === 'blocking'))
    return explainHostSibling(evidence);
  return notUsable(
    `group ${evidence.group} is not viable: the kernel or another program has one of its devices`,
    'bind every device of the group to a VFIO driver, and look who has them: vfio-names holders',
  );
}

function explainContainer(failure: ProbeFailure, evidence: Evidence): Explanation | undefined {
  switch (failure.errno) {
    case 'EPERM':
      return evidence.siblings.some((sibling) => sibling.sharing === 'blocking')
        ? explainHostSibling(evidence)
        : notUsable(
            'interrupts are not isolated by the IOMMU',
            'enable interrupt remapping in firmware and kernel (intremap)',
          );
    case 'EBUSY':
      return inUse(evidence.holders, evidence.incomplete);
    case 'ENODEV':
    case 'EINVAL':
      // vfio_ioctl_set_iommu accepts only VFIO_NOIOMMU_IOMMU for a no-IOMMU group.
      if (evidence.noIommu)
        return unsupported(
          'a no-IOMMU group takes no IOMMU of type 1',
          `use its node, ${evidence.nodes.group.path}, with VFIO_NOIOMMU_IOMMU by hand`,
        );
      return unsupported(
        `the container does not take the group: ${failure.step} gave ${failure.errno}`,
        'load the module vfio_iommu_type1, and look at the kernel log',
      );
    default:
      return undefined;
  }
}

function explainDevice(failure: ProbeFailure, evidence: Evidence): Explanation | undefined {
  switch (failure.errno) {
    case 'ENODEV':
      return deviceGone('is being removed');
    case 'EACCES':
      return explainTokenRequired(evidence);
    case 'EINVAL':
      return evidence.tokenGiven
        ? notUsable('the device takes no VF token', 'probe it without --vf-token')
        : inUse(evidence.holders, evidence.incomplete);
    case 'EBUSY':
      return inUse(evidence.holders, evidence.incomplete);
    case 'EAGAIN':
      return notUsable('the device is busy with a reset', 'try again');
    default:
      return undefined;
  }
}
