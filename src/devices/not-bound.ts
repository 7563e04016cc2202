/**
 * Explains why a device that sysfs has is not a VFIO device: it has another driver or none, or the kernel has no class
 * vfio-dev. Also finds the devices of an IOMMU group.
 */
import { errnoOf, exitStatus, tryOrUndefined, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName, dirName, resolvePath } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import type { DeviceQuery } from './device-name.ts';
import { ambiguous, foldPath, selectByName } from './find.ts';
import { isPciBridge, isVfioDriverName } from './iommu-group.ts';
import { compareNatural, sortNatural } from './order.ts';
import type { Device } from './types.ts';

/** A device in sysfs that the class vfio-dev does not list. */
export interface HostDevice {
  readonly bus: string;
  readonly name: string;
  /** `/sys/devices/...`, without the root's prefix. */
  readonly syspath: string;
  readonly driver?: string;
  /** The node of its IOMMU group, `/dev/vfio/14`, if VFIO has registered the group. */
  readonly groupNode?: string;
  /** A PCI bridge, which no VFIO driver binds. */
  readonly bridge: boolean;
}

/**
 * Follows every link of a path in /sys, part by part within the root. Returns the path without links, or `undefined` if it
 * does not exist.
 */
export function realSysfsPath(files: Files, root: Root, path: string): string | undefined {
  let real = '';
  let rest = path.split('/');
  // As many links as the kernel follows (MAXSYMLINKS in include/linux/namei.h).
  for (let links = 0; links <= 40; links++) {
    let target: string | undefined;
    while (rest.length > 0 && target === undefined) {
      const [part = '', ...others] = rest;
      rest = others;
      if (part === '' || part === '.') continue;
      if (part === '..') real = real.slice(0, real.lastIndexOf('/'));
      else {
        const next = `${real}/${part}`;
        const entry = entryAt(files, pathBelow(root, next));
        if (entry === undefined) return undefined;
        target = entry.target;
        if (target === undefined) real = next;
      }
    }
    if (target === undefined) return real;
    if (target.startsWith('/')) real = '';
    rest = [...target.split('/'), ...rest];
  }
  return undefined;
}

function entryAt(files: Files, path: string): { readonly target?: string } | undefined {
  try {
    return { target: files.readlink(path) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === 'EINVAL' ? {} : undefined;
  }
}

/** Returns the query for a path in /sys after its links are followed: a device's directory, or a group. */
export function sysfsQuery(files: Files, root: Root, path: string): DeviceQuery {
  const real = realSysfsPath(files, root, path) ?? realSysfsPath(files, root, foldPath(path));
  if (real === undefined) return { kind: 'sysfs', path };
  const group = /^\/sys\/kernel\/iommu_groups\/(\d+)(?:\/devices)?$/.exec(real)?.[1];
  const vfioGroup = /^\/sys\/devices\/virtual\/vfio\/((?:noiommu-)?\d+)$/.exec(real)?.[1];
  if (group !== undefined) return { kind: 'group', group };
  if (vfioGroup !== undefined) return { kind: 'group', group: vfioGroup };
  const isDirectory = tryOrUndefined(() => files.lstat(pathBelow(root, real)))?.kind === 'directory';
  return { kind: 'sysfs', path: isDirectory ? real : dirName(real) };
}

/** Returns the group that has the node with this device number, `14` or `noiommu-14`. */
export function groupOfDevnum(files: Files, root: Root, devnum: string): string | undefined {
  const target = tryOrUndefined(() => files.readlink(pathBelow(root, `/sys/dev/char/${devnum}`)));
  return target === undefined ? undefined : /\/virtual\/vfio\/((?:noiommu-)?\d+)$/.exec(target)?.[1];
}

/** Returns the devices of sysfs that the query fits, on any bus. */
export function findHostDevices(files: Files, root: Root, query: DeviceQuery): readonly HostDevice[] {
  if (query.kind === 'sysfs') {
    const subsystem = tryOrUndefined(() => files.readlink(pathBelow(root, `${query.path}/subsystem`)));
    const found = subsystem && readHostDevice(files, root, baseName(subsystem), baseName(query.path));
    return found && found.syspath === query.path ? [found] : [];
  }
  const wanted = wantedName(query);
  if (wanted === undefined) return [];
  const { bus, name } = wanted;
  const list = (path: string) => tryOrUndefined(() => files.readdir(pathBelow(root, path))) ?? [];
  const named = list('/sys/bus')
    .filter((found) => bus === undefined || found.toLowerCase() === bus.toLowerCase())
    .flatMap((found) => list(`/sys/bus/${found}/devices`).map((device) => ({ bus: found, name: device })));
  return [...selectByName(named, { name })]
    .sort((a, b) => compareNatural(a.name, b.name))
    .flatMap((found) => readHostDevice(files, root, found.bus, found.name) ?? []);
}

function wantedName(query: DeviceQuery): { readonly bus?: string; readonly name: string } | undefined {
  if (query.kind === 'name' || query.kind === 'devnum') return { name: query.name };
  if (query.kind === 'qualified') return query;
  if (query.kind !== 'link') return undefined;
  const [bus = '', name, ...more] = query.link.split('/');
  return name === undefined || more.length > 0 ? undefined : { bus, name };
}

/** Reads the device of this name on this bus; `undefined` if there is none. */
function readHostDevice(files: Files, root: Root, bus: string, name: string): HostDevice | undefined {
  const directory = `/sys/bus/${bus}/devices`;
  const read = (path: string) => tryOrUndefined(() => files.readlink(pathBelow(root, path)));
  const link = read(`${directory}/${name}`);
  if (link === undefined) return undefined;
  const syspath = resolvePath(directory, link);
  if (!syspath.startsWith('/sys/devices/')) return undefined;
  const [driver, group] = [read(`${syspath}/driver`), read(`${syspath}/iommu_group`)];
  const groupNode = group === undefined ? undefined : readGroupNode(files, root, baseName(group));
  return {
    ...{ bus, name, syspath },
    ...(driver !== undefined && { driver: baseName(driver) }),
    ...(groupNode !== undefined && { groupNode }),
    bridge: isPciBridge(files, root, bus, syspath),
  };
}

/** The node of the IOMMU group with this number, `/dev/vfio/14`; `undefined` if VFIO has not registered the group. */
export function readGroupNode(files: Files, root: Root, group: string): string | undefined {
  const name = [group, `noiommu-${group}`].find(
    (entry) => tryOrUndefined(() => files.lstat(pathBelow(root, `/sys/class/vfio/${entry}`))) !== undefined,
  );
  return name === undefined ? undefined : `/dev/vfio/${name}`;
}

/** Whether the kernel lists VFIO devices in a class, as it does since Linux 6.1 once vfio is loaded. */
function hasVfioClass(files: Files, root: Root): boolean {
  return tryOrUndefined(() => files.lstat(pathBelow(root, '/sys/class/vfio-dev'))) !== undefined;
}

/**
 * Returns the devices that are bound to a VFIO driver on a kernel without the class vfio-dev, sorted; empty on every other
 * kernel.
 */
export function findClasslessDevices(files: Files, root: Root): readonly HostDevice[] {
  if (hasVfioClass(files, root)) return [];
  const list = (path: string) => tryOrUndefined(() => files.readdir(pathBelow(root, path))) ?? [];
  const found = list('/sys/bus').flatMap((bus) =>
    list(`/sys/bus/${bus}/drivers`)
      .filter(isVfioDriverName)
      .flatMap((driver) =>
        list(`/sys/bus/${bus}/drivers/${driver}`).flatMap((name) => {
          const device = readHostDevice(files, root, bus, name);
          return device?.driver === driver ? [device] : [];
        }),
      ),
  );
  return sortNatural(found, ({ name }) => name);
}

/** What a user can do on a kernel without the class vfio-dev. */
export const classlessHint =
  'use the node of the group, or Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV for nodes of devices';

/** One line: `0000:01:00.0 is bound to vfio-pci, but this kernel has no class vfio-dev (Linux before 6.1); ...`. */
export function describeClassless({ name, driver, groupNode }: HostDevice): string {
  const node = groupNode === undefined ? '' : `; it is reached through ${groupNode}`;
  return printable(
    `${name} is bound to ${driver ?? '?'}, but this kernel has no class vfio-dev (Linux before 6.1)${node}`,
  );
}

/** A device of findClasslessDevices() as one of a scan; it has no `vfioN`. */
export function classlessDevice({ bus, name, syspath }: HostDevice): Device {
  return { bus, name, sysname: '', syspath };
}

/** The devices of a scan; on a kernel before 6.1, which has none, those that are bound to VFIO drivers by the names of these. */
export function boundDevices(files: Files, root: Root, scanned: readonly Device[]): readonly Device[] {
  return scanned.length > 0 ? scanned : findClasslessDevices(files, root).map(classlessDevice);
}

/** The error `no-vfio-class` (status 5) for a device that has no node of its own, because the kernel is older than 6.1. */
function classlessError(device: HostDevice): VfioNamesError {
  return new VfioNamesError('no-vfio-class', exitStatus.unsupported, describeClassless(device), {
    hint: classlessHint,
    device: device.name,
  });
}

/** The same error for a device of a scan. */
export function noVfioClass(files: Files, root: Root, { bus, name, syspath }: Device): VfioNamesError {
  return classlessError(readHostDevice(files, root, bus, name) ?? { bus, name, syspath, bridge: false });
}

/**
 * Returns the error for a NAME that only devices without VFIO have: `not-bound` (status 3), `no-vfio-class` (status 5), or
 * `ambiguous` (status 2). `undefined` if sysfs has no such device.
 */
export function notBoundError(
  files: Files,
  root: Root,
  name: string,
  query: DeviceQuery,
): VfioNamesError | undefined {
  const found = findHostDevices(files, root, query);
  const [device, ...others] = found;
  if (!device) return undefined;
  if (others.length > 0)
    return ambiguous(
      `${printable(name)} fits ${found.length} devices, none of them bound to VFIO`,
      found.map((host) => printable(`${host.bus}/${host.name} (${host.driver ?? 'no driver'})`)),
    );
  if (isVfioDriverName(device.driver) && !hasVfioClass(files, root)) return classlessError(device);
  const { message, hint } = describeUnbound(device);
  return new VfioNamesError('not-bound', exitStatus.noDevice, message, { hint, device: device.name });
}

function describeUnbound({ bus, name, driver, bridge }: HostDevice): {
  readonly message: string;
  readonly hint: string;
} {
  const subject = printable(name);
  if (isVfioDriverName(driver))
    return {
      message: `${subject} is bound to ${printable(driver ?? '')}, but VFIO has not registered it`,
      hint: 'try again if it was bound just now, otherwise check the kernel log for the device',
    };
  const target = bus === 'pci' ? 'vfio-pci' : 'the VFIO driver of its bus';
  if (driver === undefined)
    return {
      message: `${subject} is not bound to any driver`,
      hint: bridge ? 'VFIO does not bind bridges' : `bind it to ${target} first`,
    };
  return {
    message: `${subject} is bound to ${printable(driver)}, not to a VFIO driver`,
    hint: bridge ? 'VFIO does not bind bridges' : `bind it to ${target} first, if the host does not need it`,
  };
}
