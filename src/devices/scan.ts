/** Reads the class directory, which lists every device bound to a VFIO driver. */
import { describeErrno, errnoOf, exitStatus, explainErrno, VfioNamesError, withHint } from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import { compareNatural, sortDevices } from './order.ts';
import type { Device, Problem, Scan } from './types.ts';

interface ClassLink {
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
  if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(below)) return undefined;
  return { syspath: `/sys/devices/${below}`, name: baseName(below) };
}

/** Where the kernel lists VFIO devices since 6.1 (drivers/vfio/vfio_main.c). */
const classDirectory = '/sys/class/vfio-dev';

/**
 * Reads one entry of the class directory, `vfio3` or `noiommu-vfio3`.
 * Returns `undefined` if the device disappears meanwhile; throws VfioNamesError `malformed` (status 1) with what was
 * found if an entry is malformed.
 */
export function scanDevice(files: Files, root: Root, sysname: string): Device | undefined {
  try {
    const target = files.readlink(pathBelow(root, `${classDirectory}/${sysname}`));
    const identity = parseClassLink(sysname, target);
    if (!identity) throw malformed(sysname, `a link to ../../devices/.../vfio-dev/${sysname}`, '', target);
    const bus = baseName(files.readlink(pathBelow(root, `${identity.syspath}/subsystem`)));
    const devnum = readDevnum(files, pathBelow(root, `${identity.syspath}/vfio-dev/${sysname}`), sysname);
    const { name, syspath } = identity;
    return devnum === undefined ? { bus, name, sysname, syspath } : { bus, name, sysname, devnum, syspath };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENODEV') return undefined;
    throw error;
  }
}

/** Reads `MAJOR:MINOR`. The `dev` file is missing on kernels without VFIO device nodes and for no-IOMMU devices. */
function readDevnum(files: Files, directory: string, sysname: string): string | undefined {
  let text: string;
  try {
    text = files.read(`${directory}/dev`, 64);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EFBIG') throw malformed(sysname, 'MAJOR:MINOR', '/dev', 'more than 64 bytes');
    if (errno !== 'ENOENT') throw error;
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

/** Reads all VFIO devices below `root`, in natural order. A device that cannot be read becomes a problem of the scan. */
export function scanDevices(files: Files, root: Root): Scan {
  const devices: Device[] = [];
  const problems: Problem[] = [];
  let unreadableCount = 0;
  for (const sysname of listClass(files, root)) {
    const file = `${classDirectory}/${sysname}`;
    try {
      const device = scanDevice(files, root, sysname);
      if (device) devices.push(device);
      else problems.push(goneProblem(file));
    } catch (error) {
      const reason = error instanceof VfioNamesError ? withHint(error) : describeErrno(error);
      if (reason === undefined) throw error;
      unreadableCount++;
      problems.push({ file, message: `${explainErrno(reason)}, ignoring` });
    }
  }
  problems.sort((a, b) => compareNatural(a.file, b.file));
  sortDevices(devices);
  return { devices, problems, unreadableCount };
}

const goneMessage = 'went away while it was read, ignoring';

/** The problem of a device or group that went away while it was read. */
export function goneProblem(file: string): Problem {
  return { file, message: goneMessage };
}

/** Whether a problem ends with the scan: what went away is not missed by the next one. */
export function isGoneProblem({ message }: Problem): boolean {
  return message === goneMessage;
}

/** Lists the class directory. It does not exist if the kernel has no vfio or has not loaded it: not a problem. */
function listClass(files: Files, root: Root): readonly string[] {
  try {
    return files.readdir(pathBelow(root, classDirectory));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
