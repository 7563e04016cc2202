/** The links of each device, and the state of each device as verify sees it. */
import { noCdevReason } from '../devices/cdev.ts';
import { deviceKey } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import { linkRoot } from '../names/scheme.ts';
import type { FindingCode } from './finding.ts';
import type { Observation } from './observe.ts';
import type { Verification } from './verify.ts';

/** The most severe state first; a device has the first one that applies. */
export const deviceStates = [
  'wrong-node',
  'no-node',
  'node-unreadable',
  'wrong-link',
  'blocked',
  'link-missing',
  'no-name',
  'name-conflict',
  'wrong-access',
  'ok',
] as const;

/** `ok` if and only if verify has no finding about the device, and the device has a node, or its group a name. */
export type DeviceState = (typeof deviceStates)[number];

/** The state that a finding about a device means; `ok` for findings that are not about a device. */
const stateOf: Readonly<Record<FindingCode, DeviceState>> = {
  'link-missing': 'link-missing',
  'link-dangling': 'wrong-link',
  'link-wrong': 'wrong-link',
  'link-unmanaged': 'blocked',
  'link-blocked': 'blocked',
  'link-orphaned': 'ok',
  'link-stale': 'ok',
  'link-unclaimed': 'ok',
  'temporary-link': 'ok',
  'displaced-file': 'ok',
  'directory-unreadable': 'ok',
  'name-conflict': 'name-conflict',
  'no-name': 'no-name',
  'node-missing': 'no-node',
  'node-unreadable': 'node-unreadable',
  'node-not-char': 'wrong-node',
  'node-mismatch': 'wrong-node',
  'node-unknown': 'ok',
  'node-permissions': 'wrong-access',
  'directory-permissions': 'ok',
  'access-mismatch': 'wrong-access',
  'access-impossible': 'wrong-access',
  'group-owners': 'wrong-access',
  'device-unreadable': 'ok',
};

export interface DeviceLinks {
  readonly device: Device;
  /** Absolute paths of the links that the device should have; the link of scheme 1 comes first. */
  readonly links: readonly string[];
}

/** Returns the links of every device of the observation, by deviceKey(), in the order of the scan; of those of a kernel before 6.1, too. */
export function deviceLinks({
  scan,
  classless,
  claims,
  assignment,
}: Observation): ReadonlyMap<string, DeviceLinks> {
  const devices = [...scan.devices, ...classless];
  const linksOf = new Map<Device, string[]>();
  for (const device of devices) linksOf.set(device, []);
  for (const { device, link } of claims) {
    if (assignment.winners.get(link)?.device !== device) continue;
    const links = linksOf.get(device);
    const path = `${linkRoot}/${link}`;
    if (links && !links.includes(path)) links.push(path);
  }
  const found = new Map<string, DeviceLinks>();
  for (const device of devices) found.set(deviceKey(device), { device, links: linksOf.get(device) ?? [] });
  return found;
}

/** Returns the state of every device of the verification, by deviceKey(). */
export function verifiedStates({ findings, observation }: Verification): ReadonlyMap<string, DeviceState> {
  const found = new Map<string, DeviceState>();
  for (const { code, bus, name } of findings) {
    const key = `${bus}/${name}`;
    if (name !== undefined) found.set(key, worse(found.get(key) ?? 'ok', stateOf[code]));
  }
  // A device that is reached through its group has a name that leads there.
  const named = new Set<Device>();
  observation.assignment.winners.forEach(({ device, group }) => {
    if (group !== undefined) named.add(device);
  });
  const states = new Map<string, DeviceState>();
  for (const device of [...observation.scan.devices, ...observation.classless]) {
    const own = found.size === 0 ? 'ok' : (found.get(`${device.bus}/${device.name}`) ?? 'ok');
    states.set(deviceKey(device), worse(own, named.has(device) ? 'ok' : stateWithoutFinding(device)));
  }
  return states;
}

/** A device without a node of its own is not a finding: the kernel does not give it one. */
function stateWithoutFinding(device: Device): DeviceState {
  if (noCdevReason(device) !== undefined) return 'no-node';
  return device.sysname.startsWith('noiommu-') ? 'no-name' : 'ok';
}

function worse(a: DeviceState, b: DeviceState): DeviceState {
  if (a === b) return a;
  return deviceStates.indexOf(a) <= deviceStates.indexOf(b) ? a : b;
}
