/** Finds a device by its whole name in /sys/bus, without a scan of all devices. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';
import { parseQuery } from './query.ts';
import { scanOne } from './scan.ts';

const ignoredErrnos = ['ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG'] as const;

/**
 * Finds the one device with this whole name on a bus or this `vfioN`. Returns `undefined` if a full scan is needed:
 * for short forms, paths, names that several devices share, and names that do not exist.
 */
export function quickFind(files: Files, root: Root, name: string): Device | undefined {
  const query = parseQuery(name);
  if (query.form === 'sysname') return attempt(() => scanOne(files, root, query.sysname), ...ignoredErrnos);
  const wholeName = query.form === 'qualified' ? query.name : query.form === 'name' ? query.name : undefined;
  if (wholeName === undefined || wholeName === '..' || wholeName === '.' || wholeName.includes('/'))
    return undefined;
  const buses = attempt(() => files.list(at(root, '/sys/bus')), ...ignoredErrnos) ?? [];
  const sysnames = buses
    .filter((bus) => query.form !== 'qualified' || bus === query.bus)
    .flatMap(
      (bus) =>
        attempt(
          () => files.list(at(root, `/sys/bus/${bus}/devices/${wholeName}/vfio-dev`)),
          ...ignoredErrnos,
        ) ?? [],
    );
  const [only, ...others] = sysnames.flatMap(
    (sysname) => attempt(() => scanOne(files, root, sysname), ...ignoredErrnos) ?? [],
  );
  return only && others.length === 0 && only.name === wholeName ? only : undefined;
}
