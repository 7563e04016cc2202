/** Reads the class directory, which lists every device bound to a VFIO driver. */
import {
  describeErrno,
  errnoOf,
  exitStatus,
  explainErrno,
  ignoring,
  VfioNamesError,
  withHint,
} from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import { eachLink } from '../system/each-link.ts';
import type { Files, LinkVisitor } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import { sortDevices, sortNatural } from './order.ts';
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
  if (below === '' || target.includes('//')) return undefined;
  if (target.includes('/.', prefix.length - 1) && hasDotPart(below)) return undefined;
  return { syspath: `/sys/devices/${below}`, name: baseName(below) };
}

function hasDotPart(path: string): boolean {
  return path.split('/').some((part) => part === '.' || part === '..');
}

/** Where the kernel lists VFIO devices since 6.1 (drivers/vfio/vfio_main.c). */
const classDirectory = '/sys/class/vfio-dev';

/**
 * Reads one entry of the class directory, `vfio3` or `noiommu-vfio3`.
 * Returns `undefined` if the device disappears meanwhile; throws VfioNamesError `malformed` (status 1) with what was
 * found if an entry is malformed.
 */
export function scanDevice(files: Files, root: Root, sysname: string): Device | undefined {
  const path = pathBelow(root, `${classDirectory}/${sysname}`);
  const target = ignoring(() => files.readlink(path), 'ENOENT', 'ENODEV');
  return target === undefined ? undefined : readDevice(files, root, sysname, target);
}

/** Reads the device of an entry of the class directory, which is a link to `target`; as scanDevice(). */
function readDevice(files: Files, root: Root, sysname: string, target: string): Device | undefined {
  try {
    const identity = parseClassLink(sysname, target);
    if (!identity) throw malformed(sysname, `a link to ../../devices/.../vfio-dev/${sysname}`, '', target);
    const bus = sharedBus(baseName(files.readlink(pathBelow(root, `${identity.syspath}/subsystem`))));
    const devnum = readDevnum(files, pathBelow(root, `${identity.syspath}/vfio-dev/${sysname}`), sysname);
    const { name, syspath } = identity;
    return devnum === undefined ? { bus, name, sysname, syspath } : { bus, name, sysname, devnum, syspath };
  } catch (error) {
    if (isGone(errnoOf(error))) return undefined;
    throw error;
  }
}

let lastBus = '';

/** The bus as the string of the device before, if it is the same: one for each device takes memory. */
function sharedBus(bus: string): string {
  if (bus !== lastBus) lastBus = bus;
  return lastBus;
}

function isGone(errno: string | undefined): boolean {
  return errno === 'ENOENT' || errno === 'ENODEV';
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
  const unreadable = (sysname: string, reason: string): void => {
    unreadableCount++;
    problems.push({ file: `${classDirectory}/${sysname}`, message: `${explainErrno(reason)}, ignoring` });
  };
  eachEntry(files, root, (sysname, target, errno) => {
    if (errno !== undefined && !isGone(errno)) return unreadable(sysname, errno);
    try {
      const device = target === undefined ? undefined : readDevice(files, root, sysname, target);
      if (device) devices.push(device);
      else problems.push(goneProblem(`${classDirectory}/${sysname}`));
    } catch (error) {
      const reason = error instanceof VfioNamesError ? withHint(error) : describeErrno(error);
      if (reason === undefined) throw error;
      unreadable(sysname, reason);
    }
  });
  return {
    devices: sortDevices(devices),
    problems: sortNatural(problems, ({ file }) => file),
    unreadableCount,
  };
}

/** The problem of a device or group that went away while it was read. */
export function goneProblem(file: string): Problem {
  return { file, message: 'went away while it was read, ignoring', code: 'gone' };
}

/** Reads the class directory. It does not exist if the kernel has no vfio or has not loaded it: not a problem. */
function eachEntry(files: Files, root: Root, fn: LinkVisitor): void {
  ignoring(() => eachLink(files, pathBelow(root, classDirectory), fn), 'ENOENT');
}
