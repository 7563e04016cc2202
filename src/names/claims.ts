/** Lists the links that each device claims: its link of scheme 1 and the names that the policy adds. */
import type { Device } from '../devices/device.ts';
import type { Claim } from './desire.ts';
import { schemeLink } from './scheme.ts';

/** A name that the policy gives to a device; `path` is relative to /dev/vfio. */
export interface PolicyName {
  readonly path: string;
  readonly priority: number;
}

/** Returns the names that the policy adds to scheme 1, for a device that has a node. */
export type PolicyNames = (device: Device) => readonly PolicyName[];

/** Returns the claims of all devices. Links of scheme 1 have priority Infinity, so that no policy can override them. */
export function claimsOf(devices: readonly Device[], policyNames?: PolicyNames): Claim[] {
  const claims: Claim[] = [];
  for (const device of devices) {
    const link = schemeLink(device);
    if (link === undefined) continue;
    claims.push({ link, device, priority: Number.POSITIVE_INFINITY });
    if (policyNames)
      for (const { path, priority } of policyNames(device)) claims.push({ link: path, device, priority });
  }
  return claims;
}
