/** The harmless proof, and BIND on top of it, through the device's own node. Runs in the second process. */
import { CallError, type Calls } from '../system/calls.ts';
import { parseDevnum } from '../system/devnum.ts';
import { describe } from './describe.ts';
import { type Hold, holding } from './held.ts';
import { allocateIoas, attachIoas, bindIommufd, getInfo } from './ioctls.ts';
import { ioctls } from './layout.ts';
import type { Answer, Failure, ProbeRequest } from './request.ts';
import { tokenBytes } from './token.ts';

const failed = (failure: Failure): Answer => ({ openable: false, ...failure });

/** Opens the node, checks that it is the right one, and asks what no unbound device answers. Claims and resets nothing. */
export function probeNode(calls: Calls, request: ProbeRequest): Answer {
  return holding(calls, (hold) => {
    const opened = openChecked(calls, hold, request);
    return typeof opened === 'number' ? { openable: true } : failed(opened);
  });
}

/** Takes the device through iommufd, asks it for all that it has, and lets it go. Resets it. */
export function bindNode(calls: Calls, request: ProbeRequest): Answer {
  return holding(calls, (hold) => {
    // iommufd first: it is closed last, after the device that is bound to it.
    const iommufd = hold.open('open iommu', request.iommu);
    const device = openChecked(calls, hold, request);
    if (typeof device !== 'number') return failed(device);
    bindIommufd(calls, device, iommufd, tokenBytes(request.token));
    const details = describe(calls, device);
    if (!request.attach) return { openable: true, details };
    attachIoas(calls, device, allocateIoas(calls, iommufd));
    return { openable: true, details: { ...details, attached: true } };
  });
}

/**
 * The node's descriptor, or why it is not the device. vfioN numbers are reused, so sysfs is read again once the node is
 * open: an open node keeps its device registered, and its number with it (vfio_device_fops_cdev_open).
 */
function openChecked(calls: Calls, hold: Hold, request: ProbeRequest): number | Failure {
  const { node, devnum, devAttribute } = request;
  if (node === undefined || devnum === undefined || devAttribute === undefined)
    return { step: 'open node', trouble: 'no-node' };
  const fd = hold.open('open node', node);
  const status = calls.status('fstat node', fd);
  if (status.kind !== 'char' || status.devnum !== devnum)
    return { step: 'fstat node', trouble: 'other-device', found: status.devnum ?? status.kind };
  if (attributeNow(calls, devAttribute) !== devnum) return { step: 'read dev', trouble: 'moved' };
  try {
    getInfo(calls, fd);
    return { step: ioctls.getInfo.name, trouble: 'answered-unbound' };
  } catch (error) {
    // What an unbound device must say (vfio_device_fops_unl_ioctl).
    if (error instanceof CallError && error.code === 'EINVAL') return fd;
    throw error;
  }
}

function attributeNow(calls: Calls, path: string): string | undefined {
  try {
    return parseDevnum(calls.read('read dev', path));
  } catch (error) {
    if (error instanceof CallError && (error.code === 'ENOENT' || error.code === 'ENODEV')) return undefined;
    throw error;
  }
}
