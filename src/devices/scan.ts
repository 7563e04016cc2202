/** Reads the class directory: every device bound to a VFIO driver. Knows nothing of names, links or policy. */
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import type { Device, Problem, Scan } from './device.ts';
import { identify, lastPart } from './identify.ts';
import { naturalOrder, sortDevices } from './order.ts';

/** Where the kernel lists VFIO devices since 6.1 (drivers/vfio/vfio_main.c). */
export const classDirectory = '/sys/class/vfio-dev';

/**
 * Reads one entry of the class directory, `vfio3` or `noiommu-vfio3`.
 * A device that vanishes in between gives `undefined`; a malformed one throws VfioNamesError `malformed` (status 1)
 * that says what was found. `buses` keeps the buses of one scan.
 */
export function scanOne(
  files: Files,
  root: Root,
  sysname: string,
  buses = new Map<string, string>(),
): Device | undefined {
  try {
    const target = files.readlink(at(root, `${classDirectory}/${sysname}`));
    const identity = identify(sysname, target);
    if (!identity) throw malformed(sysname, `a link to ../../devices/.../vfio-dev/${sysname}`, '', target);
    const bus = shared(buses, lastPart(files.readlink(at(root, `${identity.syspath}/subsystem`))));
    const devnum = readDevnum(files, at(root, `${identity.syspath}/vfio-dev/${sysname}`), sysname);
    const { name, syspath } = identity;
    return devnum === undefined ? { bus, name, sysname, syspath } : { bus, name, sysname, devnum, syspath };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENODEV') return undefined;
    throw error;
  }
}

/** One text for all that are equal: thousands of devices are on one bus. */
function shared(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}

/** A kernel without device nodes, and noiommu, give a directory without `dev`: a normal state. */
function readDevnum(files: Files, directory: string, sysname: string): string | undefined {
  let text: string;
  try {
    text = files.read(`${directory}/dev`, 64);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    files.lstat(directory);
    return undefined;
  }
  const devnum = parseDevnum(text);
  if (devnum === undefined) throw malformed(sysname, 'MAJOR:MINOR', '/dev', text.trimEnd());
  return devnum;
}

function malformed(sysname: string, expected: string, attribute: string, found: string): VfioNamesError {
  const path = `${classDirectory}/${sysname}${attribute}`;
  const message = printable(`expected ${expected} at ${path}, found ${found === '' ? 'nothing' : found}`);
  return new VfioNamesError('malformed', exitStatus.findings, message, { path });
}

/** All VFIO devices below `root`, sorted as people count; what could not be read is a problem and stops nothing. */
export function scanDevices(files: Files, root: Root): Scan {
  const devices: Device[] = [];
  const problems: Problem[] = [];
  const buses = new Map<string, string>();
  for (const sysname of listClass(files, root)) {
    const path = `${classDirectory}/${sysname}`;
    try {
      const device = scanOne(files, root, sysname, buses);
      if (device) devices.push(device);
      else problems.push({ path, message: 'went away while it was read, ignoring' });
    } catch (error) {
      const why = error instanceof VfioNamesError ? error.message : errnoOf(error);
      if (why === undefined) throw error;
      problems.push({ path, message: `${why}, ignoring` });
    }
  }
  problems.sort((a, b) => naturalOrder(a.path, b.path));
  return { devices: sortDevices(devices), problems };
}

/** No class directory means no vfio in this kernel, or none loaded yet: no devices, no problem. */
function listClass(files: Files, root: Root): readonly string[] {
  try {
    return files.list(at(root, classDirectory));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
