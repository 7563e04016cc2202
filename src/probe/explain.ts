/** Turns a failed call and its evidence into a cause and a remedy, one line each. */
import { type ExitStatus, exitStatus, isPermissionErrno } from '../errors.ts';
import { printable } from '../text/printable.ts';
import type { Evidence } from './evidence.ts';
import { explainBind } from './explain-bind.ts';
import { explainGroup } from './explain-group.ts';
import { explainOpen, nodeKindOf } from './explain-open.ts';
import { deviceGone, type Explanation, inUse, notUsable, unsupported } from './explanation.ts';
import type { ProbeFailure } from './protocol.ts';

/** Returns why the device cannot be opened and what to do; `status` is the exit status for this cause. */
export function explain(failure: ProbeFailure, evidence: Evidence): Explanation {
  return (
    explainReason(failure, evidence) ??
    explainOpen(failure, evidence) ??
    explainBind(failure, evidence) ??
    explainGroup(failure, evidence) ??
    explainAny(failure, evidence)
  );
}

/** Explains a probe that was not attempted because the device is in use. */
export function explainInUse(evidence: Pick<Evidence, 'holders'>): Explanation {
  return inUse(evidence.holders, []);
}

/** Explains a call that did not return within `seconds`. */
export function explainTimeout(step: string, seconds: number): Explanation {
  return notUsable(
    `did not answer within ${seconds} s at ${step}`,
    'look at the kernel log for the device; --timeout SECONDS waits longer',
  );
}

/** Explains a failure that the probe detected itself, without an errno. */
function explainReason(failure: ProbeFailure, evidence: Evidence): Explanation | undefined {
  const { node, container } = evidence.nodes;
  switch (failure.reason) {
    case undefined:
      return undefined;
    case 'device-changed':
      return evidence.stillBound
        ? deviceGone('was unbound and bound again while it was probed')
        : deviceGone('is being removed');
    case 'node-mismatch':
      return explainMismatch(failure, evidence);
    case 'not-vfio':
      return notUsable(
        `${node.path} answered before it was bound, as no VFIO device does`,
        'look at which driver the device is on: vfio-names show',
      );
    case 'no-node':
      return evidence.noIommu
        ? unsupported(
            'a no-IOMMU device has no node of its own',
            `use its group node, ${evidence.nodes.group.path || '/dev/vfio/noiommu-N'}, by hand`,
          )
        : unsupported(
            'this kernel does not create a node for the device',
            'probe it with --group, or boot a kernel with CONFIG_VFIO_DEVICE_CDEV',
          );
    case 'no-group':
      return unsupported(
        'the device has no IOMMU group that VFIO can use',
        'enable the IOMMU in firmware and kernel, or probe it without --group',
      );
    case 'not-viable':
      return explainGroup({ ...failure, errno: 'EPERM' }, evidence);
    case 'api-version':
      return unsupported(
        `the container's interface is version ${printable(failure.found ?? '?')}, expected 0`,
        'use a vfio-names that is made for this kernel',
      );
    case 'no-type1v2':
      return unsupported(
        `${container.path}: this kernel's containers have no type 1 IOMMU`,
        'load the module vfio_iommu_type1 (CONFIG_VFIO_IOMMU_TYPE1)',
      );
  }
}

function explainMismatch({ step, found }: ProbeFailure, evidence: Evidence): Explanation {
  const kind = nodeKindOf(step) ?? 'node';
  const { path } = evidence.nodes[kind];
  const what = describeFound(found);
  if (kind !== 'node')
    return notUsable(
      `${path} is ${what}, which is not its number in sysfs`,
      'remove it and reload the module, so that the kernel creates the node',
    );
  return evidence.stillBound
    ? notUsable(
        `${path} is ${what}, and sysfs says ${evidence.devnum}`,
        'remove it, then unbind and bind the device again, so that the kernel creates the node',
      )
    : deviceGone('was unbound and bound again while it was probed');
}

/** `247:3` for a device number, `a symlink` for another kind of file. */
function describeFound(found: string | undefined): string {
  if (found === undefined) return 'something else';
  return /^\d+:\d+$/.test(found) ? found : `a ${printable(found)}`;
}

/** Fallback for calls and errnos without a specific explanation: reports both. */
function explainAny(failure: ProbeFailure, evidence: Evidence): Explanation {
  const errno = failure.errno ?? 'no errno';
  if (!evidence.stillBound) return deviceGone('is being removed');
  if (errno === 'ENOTTY' && failure.step === 'VFIO_DEVICE_GET_INFO')
    return notUsable(
      `${evidence.nodes.node.path} is not a VFIO device`,
      'remove it, then unbind and bind the device again, so that the kernel creates the node',
    );
  if (errno === 'EIO' || errno === 'ENODEV')
    return notUsable(
      `the device does not work: ${failure.step} gave ${errno}`,
      'look at the kernel log for the device',
    );
  return {
    status: isPermissionErrno(errno) ? exitStatus.notPermitted : exitStatus.findings,
    cause: `${failure.step} gave ${errno}`,
    remedy: 'look at the kernel log for the device',
  };
}

/**
 * Most severe first: device not found, not supported by this kernel, not permitted, does not work at the
 * moment.
 */
const bySeverity: readonly ExitStatus[] = [
  exitStatus.noDevice,
  exitStatus.unsupported,
  exitStatus.notPermitted,
  exitStatus.findings,
];

/** Returns the most severe status; 0 only if all are 0. */
export function mostSevereStatus(statuses: readonly ExitStatus[]): ExitStatus {
  return bySeverity.find((status) => statuses.includes(status)) ?? exitStatus.ok;
}
