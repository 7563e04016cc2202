/**
 * Explains why BIND, or the attach after it, failed (vfio_df_ioctl_bind_iommufd in
 * drivers/vfio/device_cdev.c).
 */
import { printable } from '../text/printable.ts';
import type { Evidence } from './evidence.ts';
import {
  deviceGone,
  type Explanation,
  formatHolders,
  formatSibling,
  inUse,
  joinAtMostThree,
  notUsable,
  permissionDenied,
  unsupported,
} from './explanation.ts';
import { ioctls } from './layout.ts';
import type { ProbeFailure } from './protocol.ts';

/** Returns `undefined` for other steps and for an errno without a specific explanation. */
export function explainBind(failure: ProbeFailure, evidence: Evidence): Explanation | undefined {
  if (failure.step === ioctls.attachIommufdPt.name || failure.step === ioctls.ioasAlloc.name)
    return explainAttach(failure);
  if (failure.step !== ioctls.bindIommufd.name) return undefined;
  if (!evidence.stillBound) return deviceGone('is being removed');
  switch (failure.errno) {
    case 'EINVAL':
      return invalid(evidence);
    case 'E2BIG':
      // copy_struct_from_user() with the old struct size: commit 86624ba3b522 (Linux 6.17), fixed by
      // 2f03f21fe751.
      return unsupported(
        'this kernel cannot read a VF token in BIND, as Linux 6.17 and early 6.18 cannot',
        'probe it with --group, or boot Linux 6.19 or later',
      );
    case 'EBUSY':
      return busy(evidence);
    case 'EPERM':
      return blockedBySibling(evidence);
    case 'EACCES':
      return explainTokenRequired(evidence);
    case 'EAGAIN':
      return notUsable('the device is busy with a reset', 'try again');
    case 'ENODEV':
      return deviceGone('is being removed');
    case 'EBADFD':
    case 'EBADF':
      return unsupported(
        `${evidence.nodes.iommu.path} is not an iommufd`,
        'remove it and reload the module iommufd',
      );
    case 'ENOTTY':
      return unsupported('the driver of this device cannot be bound to an iommufd', 'probe it with --group');
    default:
      return undefined;
  }
}

/**
 * Explains EINVAL of BIND. The arguments are valid, so the remaining reasons are: the device is open already
 * (the kernel returns EINVAL here, not EBUSY), a token was passed that the device does not accept
 * (vfio_pci_core_match_token_uuid), or the driver fails to open the device, for example because a BAR has no
 * address (pci_enable_resources in drivers/pci/setup-res.c).
 */
function invalid(evidence: Evidence): Explanation {
  const { holders, incomplete } = evidence;
  if (evidence.tokenGiven && holders.length === 0 && !evidence.pf && !evidence.hasVfs)
    return notUsable(
      'the VF token is refused: this device is neither a VF nor a PF with VFs, so it takes none',
      'probe it without --vf-token',
    );
  if (evidence.tokenGiven && holders.length === 0)
    return notUsable(
      'the VF token is refused: the PF is not on vfio-pci, or this kernel is older than 6.17, or the device is in use',
      'probe it without --vf-token, or with --group',
    );
  if (holders.length > 0 || incomplete.length > 0) return inUse(holders, incomplete);
  return notUsable(
    'in use, by a process that is not visible in /proc, or its driver cannot open it',
    'look at the kernel log for the device, and for a virtual machine or a mapping that keeps it; try again if it was just closed',
  );
}

function busy(evidence: Evidence): Explanation {
  const siblings = evidence.siblings.flatMap((sibling) => sibling.holders);
  const all = [...evidence.holders, ...siblings];
  const through = all.filter((holder) => holder.interface !== 'cdev');
  const { cause, remedy } = inUse(through.length > 0 ? through : all, evidence.incomplete);
  return notUsable(`group ${evidence.group ?? '?'} is open, so the cdev is shut: ${cause}`, remedy);
}

function blockedBySibling(evidence: Evidence): Explanation {
  const host = evidence.siblings.filter((sibling) => sibling.sharing === 'blocking');
  if (host.length > 0) return explainHostSibling(evidence);
  const held = evidence.siblings.filter((sibling) => sibling.holders.length > 0);
  const [first] = held;
  if (first)
    return notUsable(
      `sibling ${printable(first.name)} of its group ${evidence.group} belongs to ${formatHolders(first.holders)}`,
      'give all devices of the group to the same program',
    );
  const reason = evidence.incomplete[0]?.message;
  return notUsable(
    evidence.siblings.length > 0
      ? `a sibling in group ${evidence.group} belongs to another iommufd, or its interrupts are not isolated`
      : 'its interrupts are not isolated by the IOMMU',
    reason ?? 'enable interrupt remapping in firmware and kernel (intremap), and look at the kernel log',
  );
}

/**
 * Explains a group that host drivers make non-viable; also used for the group interface, where
 * VFIO_GROUP_GET_STATUS reports it.
 */
export function explainHostSibling(evidence: Evidence): Explanation {
  const host = evidence.siblings.filter((sibling) => sibling.sharing === 'blocking');
  return notUsable(
    `group ${evidence.group} is not viable: ${joinAtMostThree(host.map(formatSibling))}`,
    'bind every device of the group to a VFIO driver, or to none',
  );
}

/**
 * Explains EACCES of vfio_pci_validate_vf_token: the device is a VF whose PF is bound to vfio-pci, or a PF whose VFs are in
 * use with a token.
 */
export function explainTokenRequired(evidence: Evidence): Explanation {
  const pf = evidence.pf
    ? `its PF ${printable(evidence.pf.name)} is on ${printable(evidence.pf.driver ?? 'no driver')}`
    : evidence.hasVfs
      ? 'VFs of this PF are in use with one'
      : 'it shares a token with other devices';
  return evidence.tokenGiven
    ? permissionDenied(
        `the VF token is wrong: ${pf}`,
        evidence.pf ? 'give the token that the PF was given' : 'give the token that the VFs were given',
      )
    : permissionDenied(`a VF token is wanted: ${pf}`, 'give it with --vf-token UUID');
}

function explainAttach(failure: ProbeFailure): Explanation | undefined {
  switch (failure.errno) {
    case 'EPERM':
      return notUsable(
        'the address space cannot be attached: interrupts are not isolated',
        'enable interrupt remapping in firmware and kernel (intremap)',
      );
    case 'EINVAL':
    case 'EBUSY':
      return notUsable(
        `the address space cannot be attached: ${failure.step} gave ${failure.errno}`,
        'look whether the IOMMU is coherent, and whether a sibling has another address space',
      );
    case 'ENOTTY':
    case 'EOPNOTSUPP':
      return unsupported('this device has no address space to attach', 'probe it without --attach');
    default:
      return undefined;
  }
}
