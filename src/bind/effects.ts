/** What the rules for drivers will do to the devices of this machine, and what the host does with these devices now. */
import type { Policy, SourceLocation } from '../policy/policy.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { findWantedDevices, type WantedDevice } from './devices.ts';
import type { DriverAlias } from './driver-alias.ts';
import { type HostUse, hostUses, readHostState } from './host-use.ts';

/** A device that gets another driver by the rules, at the next boot or before. */
export interface BindEffect {
  readonly device: WantedDevice;
  /** What the host does with the device now. */
  readonly uses: readonly HostUse[];
  readonly source: SourceLocation;
}

/** Returns the devices that the rules would take, with what the host does with each of them now. */
export function findBindEffects(
  files: Files,
  root: Root,
  policy: Pick<Policy, 'bindRules'>,
  aliases: readonly DriverAlias[],
): BindEffect[] {
  const devices = findWantedDevices(files, root, policy, aliases).filter(
    ({ state }) => state === 'held' || state === 'unbound' || state === 'overridden',
  );
  if (devices.length === 0) return [];
  const state = readHostState(files, root);
  return devices.map((device) => ({
    device,
    uses: hostUses(files, root, state, device.syspath),
    source: device.rule.source,
  }));
}

/** How many uses a line names. */
const MAX_USES = 3;

/** `takes 0000:01:00.0 from nvme for vfio-pci; / is mounted from nvme0n1p2`: not escaped. */
export function describeEffect({ device: { name, driver, wantedDriver }, uses }: BindEffect): string {
  const taken =
    driver === undefined
      ? `gives ${wantedDriver} to ${name}`
      : `gives ${wantedDriver} to ${name}, which ${driver} has now`;
  return [taken, describeUses(uses)].filter((part) => part !== '').join('; ');
}

/** `/ is mounted from nvme0n1p2, its network interface eth0 is up`: not escaped. */
export function describeUses(uses: readonly HostUse[]): string {
  const more = uses.length > MAX_USES ? `, and ${uses.length - MAX_USES} more` : '';
  return uses.length === 0
    ? ''
    : `${uses
        .slice(0, MAX_USES)
        .map(({ text }) => text)
        .join(', ')}${more}`;
}
