/** The links of one device and their state, from an observation. Pure. */
import type { Device } from '../devices/device.ts';
import { whyNoCdev } from '../devices/no-cdev.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Observation } from './observe.ts';

/** `named`: every wanted link is right. `unnamed`: some is missing or wrong. `no-node`: nothing to link to, or it is not in /dev. `no-name`: none can be made. */
export type LinkState = 'named' | 'unnamed' | 'no-node' | 'no-name';

export interface DeviceLinks {
  /** Full paths of the links that the device should have, the one of scheme 1 first. */
  readonly links: readonly string[];
  readonly state: LinkState;
}

/** The links of every device of the observation, by `vfioN`. */
export function linksOf(seen: Observation): ReadonlyMap<string, DeviceLinks> {
  const all = new Map<string, DeviceLinks>();
  for (const { device, links, state } of linksInTurn(seen)) all.set(device.sysname, { links, state });
  return all;
}

/** The devices of the observation in their order, each with its links: nothing is held for all of them at once. */
export function* linksInTurn(seen: Observation): Generator<DeviceLinks & { readonly device: Device }> {
  const { scan, missing, claims, desired, changes } = seen;
  const wrong = new Set(changes.map((change) => change.link));
  let next = 0;
  for (const device of scan.devices) {
    const links: string[] = [];
    let right = true;
    for (let claim = claims[next]; claim?.device === device; claim = claims[++next]) {
      const path = `${linkRoot}/${claim.link}`;
      if (desired.wanted.get(claim.link)?.device !== device || links.includes(path)) continue;
      links.push(path);
      right &&= !wrong.has(claim.link);
    }
    const state = links.length === 0 ? stateWithout(device, missing) : right ? 'named' : 'unnamed';
    yield { device, links, state };
  }
}

function stateWithout(device: Device, missing: ReadonlySet<string>): LinkState {
  return whyNoCdev(device) === undefined && !missing.has(device.sysname) ? 'no-name' : 'no-node';
}
