/** The links of one device and their state, from an observation. Pure. */
import type { Device } from '../devices/device.ts';
import { whyNoCdev } from '../devices/no-cdev.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Observation } from './observe.ts';

/** `named`: every wanted link is right. `unnamed`: some is missing or wrong. `no-node`: nothing to link to. `no-name`: none can be made. */
export type LinkState = 'named' | 'unnamed' | 'no-node' | 'no-name';

export interface DeviceLinks {
  /** Full paths of the links that the device should have, the one of scheme 1 first. */
  readonly links: readonly string[];
  readonly state: LinkState;
}

/** The links of every device of the observation, by `vfioN`, in one pass. */
export function linksOf(seen: Observation): ReadonlyMap<string, DeviceLinks> {
  const wrong = new Set(seen.changes.map((change) => change.link));
  const byDevice = new Map<string, { links: string[]; right: boolean }>();
  for (const [link, { device }] of seen.desired.wanted) {
    const known = byDevice.get(device.sysname) ?? { links: [], right: true };
    known.links.push(`${linkRoot}/${link}`);
    known.right &&= !wrong.has(link);
    byDevice.set(device.sysname, known);
  }
  return new Map(
    seen.scan.devices.map((device) => [device.sysname, describe(device, byDevice.get(device.sysname))]),
  );
}

function describe(device: Device, known: { links: string[]; right: boolean } | undefined): DeviceLinks {
  if (!known) return { links: [], state: whyNoCdev(device) === undefined ? 'no-name' : 'no-node' };
  return { links: known.links, state: known.right ? 'named' : 'unnamed' };
}
