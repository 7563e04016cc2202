/** Finds a device by its whole name in /sys/bus, without a scan of all devices. */
import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import type { Device } from './device.ts';
import { parseDeviceName } from './query.ts';
import { scanDevice } from './scan.ts';

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
