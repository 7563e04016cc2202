/** Findings about nodes: the node of every device, and nodes that belong to no device. */

import { isNameable, nodePathOf } from '../devices/cdev.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { formatMode } from '../text/prose.ts';
import type { Finding, FindingCode } from './finding.ts';
import { checkNode } from './node-check.ts';
import type { Observation } from './observe.ts';
import { describeNodeCheck, nodeRemedyOf } from './resolve.ts';

interface NodeFindings {
  readonly findings: readonly Finding[];
  /** The devices whose node is correct, in order, by the owner of the node: `0:0` (uid and gid). */
  readonly owners: ReadonlyMap<string, readonly Device[]>;
}

/** Opens the node of each device (O_PATH) and compares its device number with sysfs. */
export function verifyNodes(files: Files, root: Root, devices: readonly Device[]): NodeFindings {
  const findings: Finding[] = [];
  const owners = new Map<string, Device[]>();
  const ownedBy = listsByOwner(owners);
  for (const device of devices) {
    if (device.devnum === undefined) continue;
    const path = nodePathOf(device.sysname);
    const check = checkNode(files, root, path, device);
    if (check.verdict === 'ok') {
      ownedBy(check.status).push(device);
      // A user who may write the node controls the device, and through DMA all memory that the IOMMU maps for it.
      if ((check.status.mode & 0o006) !== 0) findings.push(unsafeNode(path, device, check.status));
    } else {
      const codes: Record<typeof check.verdict, FindingCode> = {
        missing: 'node-missing',
        unreadable: 'node-unreadable',
        'not-char': 'node-not-char',
        'devnum-mismatch': 'node-mismatch',
      };
      findings.push({
        code: codes[check.verdict],
        file: printable(path),
        bus: device.bus,
        name: device.name,
        message: describeNodeCheck(printable(path), check, device.devnum),
        remedy: check.verdict === 'unreadable' ? 'run it as root' : nodeRemedyOf(check.verdict, path),
        fixable: false,
      });
    }
  }
  return { findings, owners };
}

/** Returns the list of an owner's devices, an empty one at first; most nodes have the owner of the one before. */
function listsByOwner(owners: Map<string, Device[]>): (status: FileStatus) => Device[] {
  let last: { readonly uid: number; readonly gid: number; readonly devices: Device[] } | undefined;
  return ({ uid, gid }) => {
    if (last?.uid === uid && last.gid === gid) return last.devices;
    const owner = `${uid}:${gid}`;
    const devices = owners.get(owner) ?? [];
    owners.set(owner, devices);
    last = { uid, gid, devices };
    return devices;
  };
}

/** Reports the devices with a node of which no name can be made. */
export function verifyNames({ scan, claims }: Pick<Observation, 'scan' | 'claims'>): Finding[] {
  // The claims are in the order of the devices, and that of the scheme is the first one of its device.
  let next = 0;
  const unnamed = scan.devices.filter((device) => {
    const isNamed = claims[next]?.device === device;
    while (claims[next]?.device === device) next++;
    return !isNamed && isNameable(device);
  });
  return unnamed.map((device) => ({
    code: 'no-name',
    file: printable(device.syspath),
    bus: device.bus,
    name: device.name,
    message: noNameMessage(device),
    remedy: 'give it a name in the policy',
    fixable: false,
  }));
}

export function noNameMessage({ bus, name }: Device): string {
  return `no name can be made of the bus ${printable(bus)} and the name ${printable(name)}`;
}

function unsafeNode(path: string, device: Device, status: FileStatus): Finding {
  const mode = formatMode(status.mode);
  return {
    code: 'node-permissions',
    file: printable(path),
    bus: device.bus,
    name: device.name,
    message: `expected a node that not everybody may open, found mode ${mode}`,
    remedy: `chmod o-rwx ${printable(path)}, and look for the rule that set it`,
    fixable: false,
  };
}

/**
 * Reports directories that users other than root may write: they could replace links and nodes. `directories` are
 * relative to /dev/vfio.
 */
export function verifyDirectories(files: Files, root: Root, directories: Iterable<string>): Finding[] {
  const findings: Finding[] = [];
  for (const directory of directories) {
    const path = directory === '' ? linkRoot : `${linkRoot}/${directory}`;
    const status = tryOrUndefined(() => files.lstat(pathBelow(root, path)));
    if (status?.kind !== 'directory') continue;
    const mode = formatMode(status.mode);
    if ((status.mode & 0o022) !== 0 || (status.uid !== 0 && root === ''))
      findings.push({
        code: 'directory-permissions',
        file: printable(path),
        message: `expected a directory that only root may write, found owner ${status.uid} and mode ${mode}`,
        remedy: `chown root ${printable(path)}; chmod go-w ${printable(path)}`,
        fixable: false,
      });
  }
  return findings;
}

/** Reports every entry of /dev/vfio/devices that does not belong to a device in sysfs. */
export function verifyUnknownNodes(
  files: Files,
  root: Root,
  { unknownNodes }: Pick<Observation, 'unknownNodes'>,
): Finding[] {
  return [...(unknownNodes ?? [])].sort().flatMap((name) => {
    const path = nodePathOf(name);
    const status = tryOrUndefined(() => files.statNode(pathBelow(root, path)));
    return status ? [unknownNode(files, root, path, status)] : [];
  });
}

function unknownNode(files: Files, root: Root, path: string, status: FileStatus): Finding {
  const device =
    status.devnum === undefined
      ? undefined
      : tryOrUndefined(() => files.readlink(pathBelow(root, `/sys/dev/char/${status.devnum}`)));
  const what =
    status.devnum === undefined
      ? `a ${status.kind}`
      : `the device ${status.devnum}, ${device === undefined ? 'which sysfs does not know' : `which is ${printable(device)}`}`;
  return {
    code: 'node-unknown',
    file: printable(path),
    message: `expected the node of a VFIO device, found ${what}`,
    remedy: `remove it: it belongs to no device that the kernel has`,
    fixable: false,
  };
}

/** The result of `fn`, `undefined` if a system call fails. */
function tryOrUndefined<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Reports devices whose owner differs from the first device of their group. `owners` has the devices by owner of the
 * node (`0:0`); `groupOf` returns the IOMMU group.
 */
export function verifyGroups(
  devices: readonly Device[],
  owners: ReadonlyMap<string, readonly Device[]>,
  groupOf: (device: Device) => string | undefined,
): Finding[] {
  if (owners.size < 2) return [];
  const ownerOf = new Map<Device, string>();
  for (const [owner, owned] of owners) for (const device of owned) ownerOf.set(device, owner);
  const first = new Map<string, { readonly device: Device; readonly owner: string }>();
  const findings: Finding[] = [];
  for (const device of devices) {
    const owner = ownerOf.get(device);
    const group = owner === undefined ? undefined : groupOf(device);
    if (owner === undefined || group === undefined) continue;
    const other = first.get(group);
    if (!other) first.set(group, { device, owner });
    else if (other.owner !== owner)
      findings.push({
        code: 'group-owners',
        file: printable(nodePathOf(device.sysname)),
        bus: device.bus,
        name: device.name,
        message: `expected the owner of its IOMMU group ${group}, ${other.owner} as ${printable(other.device.name)}, found ${owner}`,
        remedy: 'give all devices of the group one owner: they are not isolated from each other',
        fixable: false,
      });
  }
  return findings;
}
