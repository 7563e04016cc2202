/** Every link that every device wants: scheme 1 first, then what the policy adds. Pure. */
import type { Device } from '../devices/device.ts';
import type { Claim } from './desire.ts';
import { schemeLink } from './scheme.ts';

/** A name that a policy gives a device, relative to /dev/vfio. */
export interface PolicyName {
  readonly path: string;
  readonly priority: number;
}

/** Names beside scheme 1, for a device that has a node. */
export type MoreNames = (device: Device) => readonly PolicyName[];

/** The claims of all devices; no policy can take a link of scheme 1 away, whose priority is Infinity. */
export function claimsOf(devices: readonly Device[], more?: MoreNames): Claim[] {
  const claims: Claim[] = [];
  for (const device of devices) {
    const link = schemeLink(device);
    if (link === undefined) continue;
    claims.push({ link, device, priority: Number.POSITIVE_INFINITY });
    if (more) for (const { path, priority } of more(device)) claims.push({ link: path, device, priority });
  }
  return claims;
}
