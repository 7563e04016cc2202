/**
 * Names that only one device may claim, such as those by serial number: vfio_id looks at the other devices before it gives
 * such a name, and has the rules run again for those that got it earlier.
 */
import { scanDevices } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { isExclusive } from '../names/claims.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { LinkSpec } from './args.ts';
import { linkFromSpec } from './wanted.ts';

/** The exclusive links that a device claims, whether it gets them or not. */
function exclusiveLinks(files: Files, root: Root, device: Device, requested: readonly LinkSpec[]): string[] {
  if (device.devnum === undefined) return [];
  return requested
    .filter(({ text }) => isExclusive(text))
    .flatMap(({ text }) => linkFromSpec(files, root, device, text) ?? []);
}

/**
 * Returns the devices that claim each exclusive link. Reads the facts of every VFIO device, if a rule requests such a link;
 * otherwise nothing.
 */
export function exclusiveClaimants(
  files: Files,
  root: Root,
  requested: readonly LinkSpec[],
): ReadonlyMap<string, readonly Device[]> {
  const claimants = new Map<string, Device[]>();
  if (!requested.some(({ text }) => isExclusive(text))) return claimants;
  for (const device of scanDevices(files, root).devices)
    for (const link of new Set(exclusiveLinks(files, root, device, requested))) {
      const devices = claimants.get(link);
      if (devices) devices.push(device);
      else claimants.set(link, [device]);
    }
  return claimants;
}

/** Returns the other devices that claim a link, which therefore nobody gets; empty for a link that is not exclusive. */
export function rivalsOf(
  claimants: ReadonlyMap<string, readonly Device[]>,
  device: Device,
  link: string,
): readonly Device[] {
  return (claimants.get(link) ?? []).filter(({ sysname }) => sysname !== device.sysname);
}

/**
 * Has the kernel announce a change of a device, so that udev runs its rules again and removes a link that it should not have
 * any more (uevent_store in drivers/base/core.c). A device that is gone by now needs no event.
 */
export function announceChange(files: Files, root: Root, { syspath, sysname }: Device): void {
  const path = pathBelow(root, `${syspath}/vfio-dev/${sysname}/uevent`);
  tryOrUndefined(() => files.writeAttribute(path, 'change'));
}
