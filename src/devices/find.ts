/** Finds the device that a NAME argument means among those of a scan; links are looked up by name, never followed. */

import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { type DeviceQuery, parseDeviceName } from './device-name.ts';
import { fitsLooseAddress, parseLoosePciAddress } from './pci.ts';
import type { Device } from './types.ts';

/**
 * Returns the devices that a link means, given by its path relative to /dev/vfio; more than one if the link is ambiguous.
 * The answer comes from sysfs and the policy, not from the target of the link.
 */
type LinkOwners = (link: string) => readonly Device[];

/** The number of devices that the error about an ambiguous name lists. */
const MAX_CANDIDATES = 10;

/**
 * Returns the one device that matches `name`. Throws VfioNamesError `no-device` (status 3), or `ambiguous` (status 2)
 * with the candidates. Does not read sysfs: links/resolve.ts has the search that also explains why a device is not bound.
 */
export function findDevice(
  devices: readonly Device[],
  name: string,
  ownersOf: LinkOwners = () => [],
): Device {
  return pickDevice(matchDevices(devices, parseDeviceName(name), ownersOf), name, () =>
    noDevice(name, devices.length > 0),
  );
}

/** Returns the only device of `found`. Throws `ambiguous` (status 2) for several, and the error of `absent` for none unless that finds another. */
export function pickDevice(
  found: readonly Device[],
  name: string,
  absent: () => Device | VfioNamesError,
): Device {
  const [first, ...others] = found;
  if (!first) {
    const other = absent();
    if (other instanceof VfioNamesError) throw other;
    return other;
  }
  if (others.length === 0) return first;
  throw ambiguous(
    `${printable(name)} fits ${found.length} devices`,
    found.map((device) => printable(`${device.bus}/${device.name}`)),
  );
}

/** The error `ambiguous` (status 2): the message and the candidates, which are printable. */
export function ambiguous(message: string, candidates: readonly string[]): VfioNamesError {
  const shown = candidates.slice(0, MAX_CANDIDATES).join(', ');
  const rest = candidates.length > MAX_CANDIDATES ? ', ...' : '';
  return new VfioNamesError('ambiguous', exitStatus.usage, `${message}: ${shown}${rest}`, {
    hint: 'name one of them',
  });
}

/** The error for a NAME that no device of this machine has. The hint names no device: it could be another card. */
export function noDevice(name: string, hasDevices: boolean): VfioNamesError {
  return new VfioNamesError(
    'no-device',
    exitStatus.noDevice,
    name.trim() === ''
      ? 'expected the name of a device, found an empty text'
      : `expected a device bound to VFIO, found none called ${printable(name)}`,
    {
      hint: hasDevices ? 'vfio-names list shows the devices' : 'no device is bound to a VFIO driver here',
      device: name,
    },
  );
}

/** Returns the devices that match the query, exact matches before those in another letter case or a shorter form. */
export function matchDevices(
  devices: readonly Device[],
  query: DeviceQuery,
  ownersOf: LinkOwners = () => [],
): readonly Device[] {
  switch (query.kind) {
    case 'sysname':
      return devices.filter((device) => device.sysname === query.sysname);
    case 'devnum': {
      const found = devices.filter((device) => device.devnum === query.devnum);
      return found.length > 0 ? found : selectByName(devices, query);
    }
    case 'link':
      return byLink(devices, query.link, ownersOf);
    case 'qualified': {
      const found = devices.filter((device) => device.bus === query.bus && device.name === query.name);
      return found.length > 0 ? found : byLink(devices, `${query.bus}/${query.name}`, ownersOf);
    }
    case 'sysfs': {
      const found = devices.filter((device) => isSysfsPathOf(device, query.path));
      return found.length > 0
        ? found
        : devices.filter((device) => isSysfsPathOf(device, foldPath(query.path)));
    }
    case 'path':
    case 'group':
      return [];
    case 'name': {
      const found = selectByName(devices, query);
      return found.length > 0 ? found : ownersOf(`by-alias/${query.name}`);
    }
  }
}

function byLink(devices: readonly Device[], link: string, ownersOf: LinkOwners): readonly Device[] {
  const owners = ownersOf(link);
  if (owners.length > 0) return owners;
  const slash = link.indexOf('/');
  return slash < 0 ? [] : selectByName(devices, { bus: link.slice(0, slash), name: link.slice(slash + 1) });
}

interface Named {
  readonly bus: string;
  readonly name: string;
}

/**
 * Returns the candidates with this name, on `bus` if it is given. Only if there are none: those with the name in another
 * letter case, and the PCI devices that the name fits as an address without domain, function or leading zeros.
 */
export function selectByName<T extends Named>(
  candidates: readonly T[],
  { bus, name }: { readonly bus?: string; readonly name: string },
): readonly T[] {
  const exact = candidates.filter(
    (device) => device.name === name && (bus === undefined || device.bus === bus),
  );
  if (exact.length > 0) return exact;
  const [foldedBus, folded] = [bus?.toLowerCase(), name.toLowerCase()];
  const address = parseLoosePciAddress(name);
  return candidates.filter(
    (device) =>
      (foldedBus === undefined || device.bus.toLowerCase() === foldedBus) &&
      (device.name.toLowerCase() === folded ||
        (address !== undefined && device.bus === 'pci' && fitsLooseAddress(address, device.name))),
  );
}

/** Lowercases the PCI addresses and UUIDs in a path, which sysfs always has in lower case. */
export function foldPath(path: string): string {
  return path.replace(/(?<=\/)[0-9a-f][0-9a-f:.-]{6,}(?=\/|$)/gi, (part) => part.toLowerCase());
}

/** Whether `path` is the device's directory, its VFIO directory, or a class, bus or devnum symlink to one of them. */
export function isSysfsPathOf(device: Device, path: string): boolean {
  const directories = [device.syspath, `/sys/bus/${device.bus}/devices/${device.name}`];
  const vfio = directories.flatMap((directory) => [
    `${directory}/vfio-dev`,
    `${directory}/vfio-dev/${device.sysname}`,
  ]);
  const byClass = `/sys/class/vfio-dev/${device.sysname}`;
  return [...directories, ...vfio, byClass, `${byClass}/device`, `/sys/dev/char/${device.devnum}`].includes(
    path,
  );
}
