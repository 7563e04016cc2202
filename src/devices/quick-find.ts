/** Finds a device by its whole name in the directories of the buses, without a scan of all devices. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';
import { parseQuery } from './query.ts';
import { scanOne } from './scan.ts';

const absent = ['ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG'] as const;

/**
 * The one device that `name` asks for by its whole name on a bus or by its `vfioN`; `undefined` where it takes a scan
 * to tell (short forms, paths, several of the name, none at all).
 */
export function quickFind(files: Files, root: Root, name: string): Device | undefined {
  const query = parseQuery(name);
  if (query.form === 'sysname') return attempt(() => scanOne(files, root, query.sysname), ...absent);
  const whole = query.form === 'qualified' ? query.name : query.form === 'name' ? query.name : undefined;
  if (whole === undefined || whole === '..' || whole === '.' || whole.includes('/')) return undefined;
  const buses = attempt(() => files.list(at(root, '/sys/bus')), ...absent) ?? [];
  const sysnames = buses
    .filter((bus) => query.form !== 'qualified' || bus === query.bus)
    .flatMap(
      (bus) =>
        attempt(() => files.list(at(root, `/sys/bus/${bus}/devices/${whole}/vfio-dev`)), ...absent) ?? [],
    );
  const [only, ...others] = sysnames.flatMap(
    (sysname) => attempt(() => scanOne(files, root, sysname), ...absent) ?? [],
  );
  return only && others.length === 0 && only.name === whole ? only : undefined;
}
