/**
 * Probes a device through the legacy interface: its group node and a container. Runs in the second process.
 */
import type { DeviceCalls } from '../system/calls.ts';
import { readDetails } from './describe.ts';
import { withDescriptors } from './held.ts';
import { checkExtension, getApiVersion, getDeviceFd, isViable, setContainer, setIommu } from './ioctls.ts';
import { constants, ioctls } from './layout.ts';
import type { ProbeAnswer, ProbeRequest } from './request.ts';

/** Opens the device through its group, reads all its info, and closes it. Resets the device, as BIND does. */
export function probeGroup(calls: DeviceCalls, request: ProbeRequest): ProbeAnswer {
  const { group } = request;
  if (group === undefined) return { openable: false, step: 'open group', reason: 'no-group' };
  return withDescriptors(calls, (hold) => {
    const groupFd = hold.open('open group', group);
    if (!isViable(calls, groupFd))
      return { openable: false, step: ioctls.groupGetStatus.name, trouble: 'not-viable' };
    const container = hold.open('open container', request.container);
    const version = getApiVersion(calls, container);
    if (version !== constants.VFIO_API_VERSION)
      return {
        openable: false,
        step: ioctls.getApiVersion.name,
        trouble: 'api-version',
        found: String(version),
      };
    if (!checkExtension(calls, container, constants.VFIO_TYPE1v2_IOMMU))
      return { openable: false, step: ioctls.checkExtension.name, trouble: 'no-type1v2' };
    setContainer(calls, groupFd, container);
    setIommu(calls, container, constants.VFIO_TYPE1v2_IOMMU);
    const device = hold.own(getDeviceFd(calls, groupFd, request.name, request.token));
    return { openable: true, details: readDetails(calls, device) };
  });
}
