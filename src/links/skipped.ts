/** The devices that get no links, and why. */
import { isNameable, nodePathOf } from '../devices/cdev.ts';
import { schemeLink } from '../names/scheme.ts';
import { printable } from '../text/printable.ts';
import type { SkippedDevice } from './node-check.ts';
import type { Observation } from './observe.ts';
import { nodeRemedy } from './resolve.ts';
import { noNameMessage } from './verify-nodes.ts';

/** The devices that get no links: their node is missing, or no name can be made for them. */
export function skippedDevices({
  scan,
  missingNodes,
}: Pick<Observation, 'scan' | 'missingNodes'>): SkippedDevice[] {
  return scan.devices.flatMap((device): SkippedDevice[] => {
    const { name, sysname } = device;
    if (missingNodes.has(sysname))
      return [
        {
          name,
          node: sysname,
          reason: 'node-missing',
          message: `expected its node at ${nodePathOf(printable(sysname))}, found nothing; ${nodeRemedy}`,
        },
      ];
    if (!isNameable(device) || schemeLink(device) !== undefined) return [];
    return [{ name, node: sysname, reason: 'no-name', message: noNameMessage(device) }];
  });
}

/** Whether devices are left without their links: their node is missing, or their directory in sysfs is not as expected. */
export function areDevicesSkipped({
  scan,
  missingNodes,
}: Pick<Observation, 'scan' | 'missingNodes'>): boolean {
  return scan.unreadableCount > 0 || skippedDevices({ scan, missingNodes }).length > 0;
}
