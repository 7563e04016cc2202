/**
 * Probes a device through its node: opens it without side effects, or also binds it. Runs in the second
 * process.
 */
import { CallError, type DeviceCalls } from '../system/calls.ts';
import { parseDevnum } from '../system/devnum.ts';
import { readDetails } from './describe.ts';
import { type Descriptors, withDescriptors } from './held.ts';
import { allocateIoas, attachIoas, bindIommufd, getInfo } from './ioctls.ts';
import { ioctls } from './layout.ts';
import type { ProbeAnswer, ProbeFailure, ProbeRequest } from './request.ts';
import { tokenBytes } from './token.ts';

const failed = (failure: ProbeFailure): ProbeAnswer => ({ openable: false, ...failure });

/**
 * Opens the node, checks that it belongs to the device, and checks that GET_INFO fails with EINVAL, as it
 * does for an unbound VFIO device. Neither claims nor resets the device.
 */
export function probeOpen(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  return withDescriptors(calls, (hold) => {
    const opened = openChecked(calls, hold, request);
    return typeof opened === 'number' ? { openable: true } : failed(opened);
  });
}

/** Binds the device to an iommufd, reads all its info, and closes it. Resets the device. */
export function probeBind(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
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
  const fd = hold.open('open node', node);
  const status = calls.status('fstat node', fd);
  if (status.kind !== 'char' || status.devnum !== devnum)
    return { step: 'fstat node', reason: 'other-device', found: status.devnum ?? status.kind };
  if (readDevnum(calls, devAttribute) !== devnum) return { step: 'read dev', reason: 'moved' };
  try {
    getInfo(calls, fd);
    return { step: ioctls.getInfo.name, reason: 'answered-unbound' };
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
