/** Parses the target of a class symlink into the directory and the name of the device. */

export interface ClassLink {
  /** The directory of the parent device, `/sys/devices/pci0000:00/0000:00:04.0`. */
  readonly syspath: string;
  readonly name: string;
}

/**
 * Parses the target of `/sys/class/vfio-dev/<sysname>`: `../../devices/<parent>/vfio-dev/<sysname>`
 * (device_add_class_symlinks in drivers/base/core.c). `undefined` for any other shape.
 */
export function parseClassLink(sysname: string, target: string): ClassLink | undefined {
  const prefix = '../../devices/';
  const suffix = `/vfio-dev/${sysname}`;
  if (!target.startsWith(prefix) || !target.endsWith(suffix)) return undefined;
  const below = target.slice(prefix.length, -suffix.length);
  const parts = below.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  // join() builds a flat string, and the name is a slice of it, so neither keeps the target in memory.
  const syspath = ['/sys/devices', ...parts].join('/');
  return { syspath, name: baseName(syspath) };
}

/** Returns the last part of a symlink's target: the bus of a `subsystem` link, the name of a `driver` link. */
export function baseName(target: string): string {
  return target.slice(target.lastIndexOf('/') + 1);
}
