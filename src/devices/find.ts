/** Finds the device that a NAME argument means among those of a scan; links are looked up by name, never followed. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Device } from './device.ts';
import { type DeviceQuery, parseDeviceName } from './query.ts';

/**
 * Returns the device that owns a link, given by its path relative to /dev/vfio. The answer comes from sysfs and the
 * policy, not from the target of the link.
 */
export type LinkOwner = (link: string) => Device | undefined;

/**
 * Returns the one device that matches `name`. Throws VfioNamesError `no-device` (status 3) with the nearest name, or
 * `ambiguous` (status 2) with the candidates.
 */
export function findDevice(
  devices: readonly Device[],
  name: string,
  ownerOf: LinkOwner = () => undefined,
): Device {
  const found = matching(devices, parseDeviceName(name), ownerOf);
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  if (first) {
    const names = found.map((device) => printable(`${device.bus}/${device.name}`)).join(', ');
    throw new VfioNamesError(
      'ambiguous',
      exitStatus.usage,
      `${printable(name)} fits ${found.length} devices: ${names}; name one of them`,
    );
  }
  throw noDevice(devices, name);
}

function noDevice(devices: readonly Device[], name: string): VfioNamesError {
  const near = nearest(
    name,
    devices.flatMap((device) => [device.name, `${device.bus}/${device.name}`, device.sysname]),
  );
  const hint =
    near !== undefined
      ? `did you mean ${printable(near)}?`
      : devices.length === 0
        ? 'no device is bound to a VFIO driver here'
        : 'vfio-names list shows those that there are';
  return new VfioNamesError(
    'no-device',
    exitStatus.noDevice,
    `expected a device bound to VFIO, found none called ${printable(name)}; ${hint}`,
    { device: name },
  );
}

function matching(devices: readonly Device[], query: DeviceQuery, ownerOf: LinkOwner): readonly Device[] {
  const filterBy = (test: (device: Device) => boolean): readonly Device[] => devices.filter(test);
  switch (query.kind) {
    case 'sysname':
      return filterBy((device) => device.sysname === query.sysname);
    case 'devnum':
      return filterBy((device) => device.devnum === query.devnum);
    case 'link':
      return byLink(devices, query.link, ownerOf);
    case 'qualified': {
      const found = filterBy((device) => device.bus === query.bus && hasName(device, query.name));
      return found.length > 0 ? found : byLink(devices, `${query.bus}/${query.name}`, ownerOf);
    }
    case 'sysfs':
      return filterBy((device) => isSysfsPathOf(device, query.path));
    case 'path':
      return [];
    case 'name':
      return filterBy((device) => hasName(device, query.name));
  }
}

function byLink(devices: readonly Device[], link: string, ownerOf: LinkOwner): readonly Device[] {
  const owner = ownerOf(link);
  if (owner) return [owner];
  const slash = link.indexOf('/');
  return devices.filter(
    (device) => device.bus === link.slice(0, slash) && device.name === link.slice(slash + 1),
  );
}

/** Whether `name` is the device's whole name, or its PCI address without the domain. */
function hasName(device: Device, name: string): boolean {
  if (device.name === name) return true;
  return (
    /^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name) &&
    device.bus === 'pci' &&
    device.name.replace(/^[0-9a-f]+:/, '') === name
  );
}

/** Whether `path` is the device's directory, its VFIO directory, or a class, bus or devnum symlink to one of them. */
function isSysfsPathOf(device: Device, path: string): boolean {
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
