/** Lists the devices of a bus, whatever driver they have. */
import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { resolvePath } from '../text/path.ts';
import { sortNatural } from './order.ts';
import type { Device } from './types.ts';

/** Returns the devices in natural order; their sysname is empty. One that cannot be read is omitted. */
export function listBusDevices(files: Files, root: Root, bus: string): Device[] {
  const directory = `/sys/bus/${bus}/devices`;
  const names = tryOrUndefined(() => files.readdir(pathBelow(root, directory))) ?? [];
  return sortNatural(names).flatMap((name) => {
    const link = tryOrUndefined(() => files.readlink(pathBelow(root, `${directory}/${name}`)));
    const syspath = link === undefined ? '' : resolvePath(directory, link);
    return syspath.startsWith('/sys/devices/') ? [{ bus, name, sysname: '', syspath }] : [];
  });
}
