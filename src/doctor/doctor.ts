/** Runs all checks of doctor on one snapshot. */
import { checkAccess } from './check-access.ts';
import { checkDevices, checkGroups, checkHolders, checkMemoryLock } from './check-devices.ts';
import { checkDrivers } from './check-drivers.ts';
import { checkCdev, checkIommu, checkIommufd, checkKernel, checkVfio } from './check-kernel.ts';
import { checkLinks, checkPolicy, checkUdev, checkWatch } from './check-names.ts';
import type { CheckResult } from './result.ts';
import type { Snapshot } from './snapshot.ts';

/** Returns all lines, in the order in which a user should fix the problems. */
export function runChecks(snapshot: Snapshot): readonly CheckResult[] {
  return [
    checkKernel(snapshot),
    checkIommu(snapshot),
    checkVfio(snapshot),
    checkCdev(snapshot),
    checkIommufd(snapshot),
    ...checkDevices(snapshot),
    ...checkDrivers(snapshot),
    ...checkGroups(snapshot),
    ...checkAccess(snapshot),
    checkPolicy(snapshot),
    checkUdev(snapshot),
    ...checkWatch(snapshot),
    checkLinks(snapshot),
    ...checkHolders(snapshot),
    ...checkMemoryLock(snapshot),
  ];
}
