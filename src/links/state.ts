/** The links of each device and their state, taken from an observation. */

import { noCdevReason } from '../devices/cdev.ts';
import type { Device } from '../devices/types.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Observation } from './observe.ts';

/**
 * `named`: all links are correct. `unnamed`: a link is missing or wrong. `no-node`: the device has no node, or the node
 * is not in /dev. `no-name`: the device has a node, but no link name can be made for it.
 */
export type LinkState = 'named' | 'unnamed' | 'no-node' | 'no-name';

export interface DeviceLinks {
  /** Absolute paths of the links that the device should have; the link of scheme 1 comes first. */
  readonly links: readonly string[];
  readonly state: LinkState;
}

/** Returns the links of every device of the observation, by `vfioN`. */
export function deviceLinks(seen: Observation): ReadonlyMap<string, DeviceLinks> {
  const all = new Map<string, DeviceLinks>();
  for (const { device, links, state } of eachDeviceLinks(seen)) all.set(device.sysname, { links, state });
  return all;
}

/**
 * Yields the devices of the observation in order, each with its links; a generator, so that the links of all devices
 * are never in memory at once.
 */
export function* eachDeviceLinks(seen: Observation): Generator<DeviceLinks & { readonly device: Device }> {
  const { scan, missingNodes, claims, assignment, changes } = seen;
  const pending = new Set(changes.map((change) => change.link));
  let next = 0;
  for (const device of scan.devices) {
    const links: string[] = [];
    let correct = true;
    for (let claim = claims[next]; claim?.device === device; claim = claims[++next]) {
      const path = `${linkRoot}/${claim.link}`;
      if (assignment.winners.get(claim.link)?.device !== device || links.includes(path)) continue;
      links.push(path);
      correct &&= !pending.has(claim.link);
    }
    const state =
      links.length === 0 ? stateWithoutLinks(device, missingNodes) : correct ? 'named' : 'unnamed';
    yield { device, links, state };
  }
}

function stateWithoutLinks(device: Device, missing: ReadonlySet<string>): LinkState {
  return noCdevReason(device) === undefined && !missing.has(device.sysname) ? 'no-name' : 'no-node';
}
