/** Finds the device of a NAME argument without reading any other, where the name says which one it is. */

import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { isNameable } from './cdev.ts';
import { type DeviceQuery, parseDeviceName } from './device-name.ts';
import { isSysfsPathOf } from './find.ts';
import { sysfsQuery } from './not-bound.ts';
import { scanDevice } from './scan.ts';
import type { Device } from './types.ts';

/** A link by PCI address or UUID, which sanitizing leaves as it is. */
const addressLink = /^(?:pci\/[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|mdev\/[0-9a-f-]{36})$/;

/** What a name says of the device: the entries of the class that it can be, and what has to be true of it. */
interface Lookup {
  readonly sysnames: readonly string[];
  readonly fits: (device: Device) => boolean;
}

/**
 * Returns the one device with this whole name, `vfioN`, device number, directory in sysfs, or link by its PCI address or UUID.
 * Returns `undefined` if all devices have to be read: for short forms, other links, names that several devices share, names that
 * do not exist, and entries that cannot be read. Throws VfioNamesError `malformed` (status 1).
 */
export function findOneDevice(files: Files, root: Root, name: string): Device | undefined {
  const lookup = lookUp(files, root, parseDeviceName(name));
  if (!lookup) return undefined;
  const found = lookup.sysnames.flatMap(
    (sysname) => tryOrUndefined(() => scanDevice(files, root, sysname)) ?? [],
  );
  const [only, ...others] = found;
  return only && others.length === 0 && lookup.fits(only) ? only : undefined;
}

function lookUp(files: Files, root: Root, query: DeviceQuery): Lookup | undefined {
  switch (query.kind) {
    case 'sysname':
      return { sysnames: [query.sysname], fits: () => true };
    case 'devnum': {
      const { devnum } = query;
      const path = pathBelow(root, `/sys/dev/char/${devnum}`);
      const target = tryOrUndefined(() => files.readlink(path));
      return target === undefined
        ? undefined
        : { sysnames: [baseName(target)], fits: (device) => device.devnum === devnum };
    }
    case 'sysfs':
      return bySysfsPath(files, root, query.path);
    case 'link': {
      // If the device has a node, no policy can give this link to another.
      const [bus, own] = addressLink.test(query.link) ? query.link.split('/') : [];
      return byWholeName(files, root, own, bus, isNameable);
    }
    case 'qualified':
      return byWholeName(files, root, query.name, query.bus);
    case 'name':
      return byWholeName(files, root, query.name);
    default:
      return undefined;
  }
}

function byWholeName(
  files: Files,
  root: Root,
  name: string | undefined,
  onlyBus?: string,
  fits: Lookup['fits'] = () => true,
): Lookup | undefined {
  if (name === undefined || name === '..' || name === '.' || name.includes('/')) return undefined;
  const buses = tryOrUndefined(() => files.readdir(pathBelow(root, '/sys/bus'))) ?? [];
  const sysnames = buses
    .filter((bus) => onlyBus === undefined || bus === onlyBus)
    .flatMap((bus) => sysnamesBelow(files, root, `/sys/bus/${bus}/devices/${name}`));
  return { sysnames, fits: (device) => device.name === name && fits(device) };
}

function bySysfsPath(files: Files, root: Root, path: string): Lookup | undefined {
  const query = sysfsQuery(files, root, path);
  if (query.kind !== 'sysfs') return undefined;
  const [, parent = query.path, own] = /^(.+)\/vfio-dev(?:\/([^/]+))?$/.exec(query.path) ?? [];
  return {
    sysnames: own === undefined ? sysnamesBelow(files, root, parent) : [own],
    fits: (device) => isSysfsPathOf(device, query.path),
  };
}

function sysnamesBelow(files: Files, root: Root, directory: string): readonly string[] {
  return tryOrUndefined(() => files.readdir(pathBelow(root, `${directory}/vfio-dev`))) ?? [];
}
