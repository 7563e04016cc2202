/**
 * Probes a device through the legacy interface: its group node and a container. Runs in the second process.
 */
import type { Calls } from '../system/calls.ts';
import { describe } from './describe.ts';
import { holding } from './held.ts';
import { checkExtension, getApiVersion, getDeviceFd, isViable, setContainer, setIommu } from './ioctls.ts';
import { ioctls, numbers } from './layout.ts';
import type { Answer, ProbeRequest } from './request.ts';

/** Opens the device through its group, reads all its info, and closes it. Resets the device, as BIND does. */
export function probeGroup(calls: Calls, request: ProbeRequest): Answer {
  const { group } = request;
  if (group === undefined) return { openable: false, step: 'open group', trouble: 'no-group' };
  return holding(calls, (hold) => {
    const groupFd = hold.open('open group', group);
    if (!isViable(calls, groupFd))
      return { openable: false, step: ioctls.groupGetStatus.name, trouble: 'not-viable' };
    const container = hold.open('open container', request.container);
    const version = getApiVersion(calls, container);
    if (version !== numbers.VFIO_API_VERSION)
      return {
        openable: false,
        step: ioctls.getApiVersion.name,
        trouble: 'api-version',
        found: String(version),
      };
    if (!checkExtension(calls, container, numbers.VFIO_TYPE1v2_IOMMU))
      return { openable: false, step: ioctls.checkExtension.name, trouble: 'no-type1v2' };
    setContainer(calls, groupFd, container);
    setIommu(calls, container, numbers.VFIO_TYPE1v2_IOMMU);
    const device = hold.keep(getDeviceFd(calls, groupFd, request.name, request.token));
    return { openable: true, details: describe(calls, device) };
  });
}
