/** The devices of this machine that the rules for drivers want, and what may be done with each of them. Changes nothing. */
import { listBusDevices } from '../devices/bus-devices.ts';
import { readFacts } from '../devices/facts.ts';
import type { Device, FactName, Facts } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { fittingRules, takesVfsOf } from '../policy/bind.ts';
import type { BindRule, Policy } from '../policy/policy.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { aliasFacts, bestDriver, type DriverAlias } from './driver-alias.ts';

/**
 * `bound`: it has the wanted driver. `unbound`: it has no driver and no driver_override, so the override may be set.
 * `overridden`: no driver, but the override is already the wanted one. Left alone are: `held` by another driver,
 * `other-override`, `driverctl` (it has a file for the device), `bridge`, and `no-override` (the kernel has none for it).
 */
export type BindState =
  | 'bound'
  | 'unbound'
  | 'overridden'
  | 'held'
  | 'other-override'
  | 'driverctl'
  | 'bridge'
  | 'no-override';

/** What sysfs and /etc say about a device. */
export interface DriverState {
  /** The driver that has the device. */
  readonly driver?: string;
  /** The text of driver_override, empty if none is set; absent if the kernel has no override for the device. */
  readonly override?: string;
  readonly isBridge: boolean;
  /** Whether driverctl has a file for the device. */
  readonly isOfDriverctl: boolean;
}

/** A device that a rule wants. */
export interface WantedDevice extends DriverState {
  readonly bus: string;
  readonly name: string;
  /** `/sys/devices/...`, without the root's prefix. */
  readonly syspath: string;
  /** The rule that decides. */
  readonly rule: BindRule;
  /** Earlier rules that fit the device, too. */
  readonly overridden: readonly BindRule[];
  /** The driver that the device should have. */
  readonly wantedDriver: string;
  readonly state: BindState;
}

/** Decides what may be done with a device. A device is never taken from a driver, whatever else is true. */
export function bindState(
  { driver, override, isBridge, isOfDriverctl }: DriverState,
  wantedDriver: string,
): BindState {
  if (isBridge) return 'bridge';
  if (driver !== undefined) return driver === wantedDriver ? 'bound' : 'held';
  if (override === undefined) return 'no-override';
  if (override === wantedDriver) return 'overridden';
  if (override !== '') return 'other-override';
  return isOfDriverctl ? 'driverctl' : 'unbound';
}

/** Returns the devices that the rules want, in natural order. `aliases` are the drivers for `auto`. */
export function findWantedDevices(
  files: Files,
  root: Root,
  { bindRules }: Pick<Policy, 'bindRules'>,
  aliases: readonly DriverAlias[],
): WantedDevice[] {
  const needed = new Set<FactName>(bindRules.flatMap(({ match }) => match.map(({ fact }) => fact)));
  if (needed.has('path')) needed.add('pf');
  const buses = [...new Set(bindRules.map(({ bus }) => bus))].sort();
  return buses.flatMap((bus) =>
    listBusDevices(files, root, bus).flatMap((device): WantedDevice[] => {
      const facts = knownEarly(readFacts(files, root, device, needed));
      const fitting = fittingRules(bindRules, facts);
      const rule = fitting.at(-1);
      if (!rule) return [];
      const wantedDriver =
        rule.driver === 'auto'
          ? bestDriver(aliases, readFacts(files, root, device, aliasFacts))
          : rule.driver;
      if (wantedDriver === undefined) return [];
      const found = readDriverState(files, root, device);
      const { name, syspath } = device;
      return [
        {
          bus,
          name,
          syspath,
          rule,
          overridden: fitting.slice(0, -1),
          wantedDriver,
          ...found,
          state: bindState(found, wantedDriver),
        },
      ];
    }),
  );
}

/** As udev sees them: the directory of a VF says nothing about its PF, so a VF has no path. */
function knownEarly({ path, ...facts }: Facts): Facts {
  return path === undefined || facts.pf !== undefined ? facts : { ...facts, path };
}

/** Reads who has the device, and what its override is. Kernels print `(null)` for an override that is not set. */
export function readDriverState(
  files: Files,
  root: Root,
  { bus, name, syspath }: Pick<Device, 'bus' | 'name' | 'syspath'>,
): DriverState {
  const read = (path: string): string | undefined =>
    tryOrUndefined(() => files.read(pathBelow(root, path), 4096))?.trim();
  const driver = tryOrUndefined(() => files.readlink(pathBelow(root, `${syspath}/driver`)));
  const override = read(`${syspath}/driver_override`);
  const own = `/etc/driverctl.d/${bus}-${name}`;
  return {
    ...(driver !== undefined && { driver: baseName(driver) }),
    ...(override !== undefined && { override: override === '(null)' ? '' : override }),
    isBridge: bus === 'pci' && (read(`${syspath}/class`)?.startsWith('0x06') ?? false),
    isOfDriverctl: tryOrUndefined(() => files.lstat(pathBelow(root, own))) !== undefined,
  };
}

/** A PF of which the rules want every VF. */
export interface WantedPf {
  readonly name: string;
  readonly syspath: string;
}

/** Returns the PFs whose VFs the kernel still offers to drivers of the host, although a rule wants all of them. */
export function findWantedPfs(
  files: Files,
  root: Root,
  { bindRules }: Pick<Policy, 'bindRules'>,
): WantedPf[] {
  if (!bindRules.some(({ match }) => match.some(({ fact }) => fact === 'pf'))) return [];
  return listBusDevices(files, root, 'pci').flatMap(({ name, syspath }) => {
    if (!bindRules.some((rule) => takesVfsOf(rule, name))) return [];
    const path = pathBelow(root, `${syspath}/sriov_drivers_autoprobe`);
    return tryOrUndefined(() => files.read(path, 64))?.trim() === '1' ? [{ name, syspath }] : [];
  });
}
