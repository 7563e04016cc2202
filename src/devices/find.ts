/** Finds the device that a NAME argument means among those of a scan; links are looked up by name, never followed. */

import { exitStatus, ignoring, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { isShortPciAddress } from './pci.ts';
import { scanDevice } from './scan.ts';
import type { Device } from './types.ts';

export type DeviceQuery =
  | { readonly kind: 'sysname'; readonly sysname: string }
  | { readonly kind: 'devnum'; readonly devnum: string }
  | { readonly kind: 'link'; readonly link: string }
  | { readonly kind: 'sysfs'; readonly path: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'qualified'; readonly bus: string; readonly name: string }
  | { readonly kind: 'name'; readonly name: string };

/** Removes `.`, `..` and repeated slashes from a path without following symlinks. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Determines the form of NAME: `0000:01:00.0`, `01:00.0`, a UUID, `pci/...`, `vfio3`, `247:3`, a path in /dev or /sys. */
export function parseDeviceName(name: string): DeviceQuery {
  if (name.startsWith('/')) {
    const path = normalize(name);
    const node = /^\/dev\/vfio\/devices\/([^/]+)$/.exec(path)?.[1];
    if (node !== undefined) return { kind: 'sysname', sysname: node };
    if (path.startsWith('/dev/vfio/')) return { kind: 'link', link: path.slice('/dev/vfio/'.length) };
    return path.startsWith('/sys/') ? { kind: 'sysfs', path } : { kind: 'path', path };
  }
  if (/^(noiommu-)?vfio\d+$/.test(name)) return { kind: 'sysname', sysname: name };
  if (/^\d+:\d+$/.test(name)) return { kind: 'devnum', devnum: name };
  const slash = name.indexOf('/');
  if (slash > 0) return { kind: 'qualified', bus: name.slice(0, slash), name: name.slice(slash + 1) };
  return { kind: 'name', name: name.toLowerCase() === name ? name : lowerCaseHex(name) };
}

/** Lowercases PCI addresses and UUIDs, which sysfs always prints in lower case. */
function lowerCaseHex(name: string): string {
  return /^[0-9a-fA-F:.-]+$/.test(name) ? name.toLowerCase() : name;
}

/**
 * Returns the devices that a link means, given by its path relative to /dev/vfio; more than one if the link is ambiguous.
 * The answer comes from sysfs and the policy, not from the target of the link.
 */
type LinkOwners = (link: string) => readonly Device[];

/** The number of devices that the error about an ambiguous name lists. */
const MAX_CANDIDATES = 10;

/**
 * Returns the one device that matches `name`. Throws VfioNamesError `no-device` (status 3) with the nearest name, or
 * `ambiguous` (status 2) with the candidates.
 */
export function findDevice(
  devices: readonly Device[],
  name: string,
  ownersOf: LinkOwners = () => [],
): Device {
  const found = matching(devices, parseDeviceName(name), ownersOf);
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  if (first) {
    const shown = found.slice(0, MAX_CANDIDATES).map((device) => printable(`${device.bus}/${device.name}`));
    const names = `${shown.join(', ')}${found.length > MAX_CANDIDATES ? ', ...' : ''}`;
    throw new VfioNamesError(
      'ambiguous',
      exitStatus.usage,
      `${printable(name)} fits ${found.length} devices: ${names}`,
      { hint: 'name one of them' },
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
    `expected a device bound to VFIO, found none called ${printable(name)}`,
    { hint, device: name },
  );
}

function matching(devices: readonly Device[], query: DeviceQuery, ownersOf: LinkOwners): readonly Device[] {
  const filterBy = (test: (device: Device) => boolean): readonly Device[] => devices.filter(test);
  switch (query.kind) {
    case 'sysname':
      return filterBy((device) => device.sysname === query.sysname);
    case 'devnum':
      return filterBy((device) => device.devnum === query.devnum);
    case 'link':
      return byLink(devices, query.link, ownersOf);
    case 'qualified': {
      const found = filterBy((device) => device.bus === query.bus && hasName(device, query.name));
      return found.length > 0 ? found : byLink(devices, `${query.bus}/${query.name}`, ownersOf);
    }
    case 'sysfs':
      return filterBy((device) => isSysfsPathOf(device, query.path));
    case 'path':
      return [];
    case 'name':
      return filterBy((device) => hasName(device, query.name));
  }
}

function byLink(devices: readonly Device[], link: string, ownersOf: LinkOwners): readonly Device[] {
  const owners = ownersOf(link);
  if (owners.length > 0) return owners;
  const slash = link.indexOf('/');
  return devices.filter(
    (device) => device.bus === link.slice(0, slash) && device.name === link.slice(slash + 1),
  );
}

/** Whether `name` is the device's whole name, or its PCI address without the domain. */
function hasName(device: Device, name: string): boolean {
  if (device.name === name) return true;
  return isShortPciAddress(name) && device.bus === 'pci' && device.name.replace(/^[0-9a-f]+:/, '') === name;
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

const ignoredErrnos = ['ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG'] as const;

/**
 * Finds the one device with this whole name on a bus or this `vfioN`. Returns `undefined` if a full scan is needed:
 * for short forms, paths, names that several devices share, and names that do not exist.
 */
export function findByWholeName(files: Files, root: Root, name: string): Device | undefined {
  const query = parseDeviceName(name);
  if (query.kind === 'sysname')
    return ignoring(() => scanDevice(files, root, query.sysname), ...ignoredErrnos);
  const wholeName = query.kind === 'qualified' ? query.name : query.kind === 'name' ? query.name : undefined;
  if (wholeName === undefined || wholeName === '..' || wholeName === '.' || wholeName.includes('/'))
    return undefined;
  const buses = ignoring(() => files.readdir(pathBelow(root, '/sys/bus')), ...ignoredErrnos) ?? [];
  const sysnames = buses
    .filter((bus) => query.kind !== 'qualified' || bus === query.bus)
    .flatMap(
      (bus) =>
        ignoring(
          () => files.readdir(pathBelow(root, `/sys/bus/${bus}/devices/${wholeName}/vfio-dev`)),
          ...ignoredErrnos,
        ) ?? [],
    );
  const [only, ...others] = sysnames.flatMap(
    (sysname) => ignoring(() => scanDevice(files, root, sysname), ...ignoredErrnos) ?? [],
  );
  return only && others.length === 0 && only.name === wholeName ? only : undefined;
}
