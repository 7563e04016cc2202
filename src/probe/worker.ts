/** Runs a probe in the second process, which may block. */
import { CallError, type DeviceCalls } from '../system/calls.ts';
import { parseDevnum } from '../system/devnum.ts';
import { readDetails } from './device-info.ts';
import {
  allocateIoas,
  attachIoas,
  bindIommufd,
  checkExtension,
  getApiVersion,
  getDeviceFd,
  getInfo,
  isViable,
  setContainer,
  setIommu,
} from './ioctl.ts';
import { constants, ioctls } from './layout.ts';
import {
  type NodeRequest,
  type ProbeAnswer,
  type ProbeDepth,
  type ProbeFailure,
  type ProbeRequest,
  tokenBytes,
} from './protocol.ts';

interface Descriptors {
  /**
   * Opens a node after its number was compared; `step` names the call in errors. Throws CallError, ENODEV if sysfs has no
   * number, and NodeMismatch.
   */
  open(step: string, node: NodeRequest): number;
  /** Takes ownership of a descriptor that an ioctl returned. */
  own(fd: number): number;
}

/** Calls `fn` with a Hold; closes all its descriptors when `fn` returns or throws. */
function withDescriptors<T>(calls: DeviceCalls, fn: (hold: Descriptors) => T): T {
  const open: number[] = [];
  const own = (fd: number) => {
    open.push(fd);
    return fd;
  };
  try {
    return fn({ own, open: (step, node) => own(openNode(calls, own, step, node)) });
  } finally {
    for (const fd of open.reverse()) calls.close(fd);
  }
}

/** The node is not the one of sysfs; it was not opened. */
class NodeMismatch extends Error {
  readonly failure: ProbeFailure;

  constructor(step: string, found: string) {
    super(found);
    this.failure = { step, reason: 'node-mismatch', found };
  }
}

/**
 * Opens a node with O_PATH, compares its number, and only then opens the device: opening another device may already do
 * something to it (a watchdog starts, a tape is rewound).
 */
function openNode(
  calls: DeviceCalls,
  own: (fd: number) => number,
  step: string,
  { path, devnum }: NodeRequest,
): number {
  const held = own(calls.hold(step, path));
  if (devnum === undefined) throw new CallError(step, 'ENODEV');
  const check = step.replace(/^open/, 'fstat');
  const status = calls.status(check, held);
  if (status.kind !== 'char' || status.devnum !== devnum)
    throw new NodeMismatch(check, status.devnum ?? status.kind);
  return calls.open(step, held);
}

const failed = (failure: ProbeFailure): ProbeAnswer => ({ openable: false, ...failure });

/**
 * Opens the node, checks that it belongs to the device, and checks that GET_INFO fails with EINVAL, as it
 * does for an unbound VFIO device. Neither claims nor resets the device.
 */
function probeOpen(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  return withDescriptors(calls, (hold) => {
    const opened = openChecked(calls, hold, request);
    return typeof opened === 'number' ? { openable: true } : failed(opened);
  });
}

/** Binds the device to an iommufd, reads all its info, and closes it. Resets the device. */
function probeBind(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  return withDescriptors(calls, (hold) => {
    // Open iommufd first so that it is closed last, after the device that is bound to it.
    const iommufd = hold.open('open iommu', request.iommu);
    const device = openChecked(calls, hold, request);
    if (typeof device !== 'number') return failed(device);
    bindIommufd(calls, device, iommufd, tokenBytes(request.token));
    const details = readDetails(calls, device);
    if (!request.attach) return { openable: true, details };
    attachIoas(calls, device, allocateIoas(calls, iommufd));
    return { openable: true, details: { ...details, attached: true } };
  });
}

/**
 * Returns the descriptor of the node, or why the node is not the device's. The kernel reuses vfioN numbers,
 * so sysfs is read again while the node is open: an open node keeps its device, and thus its number,
 * registered (vfio_device_fops_cdev_open).
 */
function openChecked(calls: DeviceCalls, hold: Descriptors, request: ProbeRequest): number | ProbeFailure {
  const { node, devnum, devAttribute } = request;
  if (node === undefined || devnum === undefined || devAttribute === undefined)
    return { step: 'open node', reason: 'no-node' };
  const fd = hold.open('open node', { path: node, devnum });
  if (readDevnum(calls, devAttribute) !== devnum) return { step: 'read dev', reason: 'device-changed' };
  try {
    getInfo(calls, fd);
    return { step: ioctls.getInfo.name, reason: 'not-vfio' };
  } catch (error) {
    // Expected: an unbound device rejects every ioctl but BIND with EINVAL (vfio_device_fops_unl_ioctl).
    if (error instanceof CallError && error.code === 'EINVAL') return fd;
    throw error;
  }
}

/** Reads the device number from sysfs; `undefined` if the device is gone. */
function readDevnum(calls: DeviceCalls, path: string): string | undefined {
  try {
    return parseDevnum(calls.read('read dev', path));
  } catch (error) {
    if (error instanceof CallError && (error.code === 'ENOENT' || error.code === 'ENODEV')) return undefined;
    throw error;
  }
}

/** Opens the device through its group, reads all its info, and closes it. Resets the device, as BIND does. */
function probeGroup(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  const { group } = request;
  if (group === undefined) return { openable: false, step: 'open group', reason: 'no-group' };
  return withDescriptors(calls, (hold) => {
    const groupFd = hold.open('open group', group);
    if (!isViable(calls, groupFd))
      return { openable: false, step: ioctls.groupGetStatus.name, reason: 'not-viable' };
    const container = hold.open('open container', request.container);
    const version = getApiVersion(calls, container);
    if (version !== constants.VFIO_API_VERSION)
      return {
        openable: false,
        step: ioctls.getApiVersion.name,
        reason: 'api-version',
        found: String(version),
      };
    if (!checkExtension(calls, container, constants.VFIO_TYPE1v2_IOMMU))
      return { openable: false, step: ioctls.checkExtension.name, reason: 'no-type1v2' };
    setContainer(calls, groupFd, container);
    setIommu(calls, container, constants.VFIO_TYPE1v2_IOMMU);
    const device = hold.own(getDeviceFd(calls, groupFd, request.name, request.token));
    return { openable: true, details: readDetails(calls, device) };
  });
}

const probes: Readonly<Record<ProbeDepth, (calls: DeviceCalls, request: ProbeRequest) => ProbeAnswer>> = {
  open: probeOpen,
  bind: probeBind,
  group: probeGroup,
};

/** Runs the probe of the requested depth. Returns a failed call as an answer; throws all other errors. */
export function runProbe(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  try {
    return probes[request.depth](calls, request);
  } catch (error) {
    if (error instanceof CallError) return { openable: false, step: error.call, errno: error.code };
    if (error instanceof NodeMismatch) return failed(error.failure);
    throw error;
  }
}
