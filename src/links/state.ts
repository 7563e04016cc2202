/** The links of each device and their state, taken from an observation. */
import { noCdevReason } from '../devices/cdev.ts';
import type { Device } from '../devices/types.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Observation } from './observe.ts';

/**
 * `named`: all links are correct. `outdated`: a link is missing or wrong. `no-node`: the device has no node, or the node
 * is not in /dev. `no-name`: the device has a node, but no link name can be made for it.
 */
export type LinkState = 'named' | 'outdated' | 'no-node' | 'no-name';

export interface DeviceLinks {
  readonly device: Device;
  /** Absolute paths of the links that the device should have; the link of scheme 1 comes first. */
  readonly links: readonly string[];
  readonly state: LinkState;
}

/** Returns the links of every device of the observation, by `vfioN`, in the order of the scan. */
export function deviceLinks(seen: Observation): ReadonlyMap<string, DeviceLinks> {
  const { scan, missingNodes, claims, assignment, changes } = seen;
  const pending = new Set(changes.map((change) => change.link));
  const linksOf = new Map(scan.devices.map((device) => [device, new Set<string>()]));
  for (const { device, link } of claims)
    if (assignment.winners.get(link)?.device === device) linksOf.get(device)?.add(link);
  const stateOf = (device: Device, links: ReadonlySet<string>): LinkState => {
    if (links.size === 0) return stateWithoutLinks(device, missingNodes);
    return [...links].some((link) => pending.has(link)) ? 'outdated' : 'named';
  };
  return new Map(
    [...linksOf].map(([device, links]) => [
      device.sysname,
      {
        device,
        links: [...links].map((link) => `${linkRoot}/${link}`),
        state: stateOf(device, links),
      },
    ]),
  );
}

function stateWithoutLinks(device: Device, missing: ReadonlySet<string>): LinkState {
  return noCdevReason(device) === undefined && !missing.has(device.sysname) ? 'no-name' : 'no-node';
}
