/**
 * Reads everything that the checks of doctor need, once. Changes nothing, opens no device, runs no program.
 */

import { isNoIommu } from '../devices/cdev.ts';
import { readFact } from '../devices/facts.ts';
import { readSiblings } from '../devices/iommu-group.ts';
import { classlessDevice, findClasslessDevices } from '../devices/not-bound.ts';
import { scanDevices } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, tryOrUndefined, VfioNamesError, withHint } from '../errors.ts';
import { findHolders } from '../holders/find.ts';
import { targetOf } from '../holders/target.ts';
import { policyNotes } from '../links/aliases.ts';
import type { Machine } from '../links/observe.ts';
import { readDevnum } from '../links/shared-nodes.ts';
import { verify } from '../links/verify.ts';
import { defaultGroupNames } from '../names/groups.ts';
import { groupLink, knownBuses, schemeLink } from '../names/scheme.ts';
import type { Policy } from '../policy/policy.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { System } from '../system/system.ts';
import { decodeUtf8 } from '../text/utf8.ts';
import { helperPath } from '../udev/helper-call.ts';
import { renderRules } from '../udev/render.ts';
import { readAccess } from './access.ts';
import { readDrivers } from './drivers.ts';
import { readDistribution, readKernel } from './kernel.ts';
import { findWatcher, readMemoryLock } from './processes.ts';
import type { ClasslessState, DeviceState, Snapshot } from './snapshot.ts';
import { findUdevSocket, isListening, readUdev, udevHasLink } from './udev.ts';

/** The policy, or the error of its reader; in that case verify does not run. */
export type PolicyResult = { readonly policy: Policy } | { readonly policyError: string };

/**
 * Reads the state of the machine. A file that cannot be read leaves its property absent; it is not an error.
 */
export async function takeSnapshot(
  { canConnect, gunzip }: Pick<System, 'canConnect' | 'gunzip'>,
  machine: Machine,
  policyResult: PolicyResult,
): Promise<Snapshot> {
  const { files, root } = machine;
  const { devices, problems } = scanDevices(files, root);
  const targets = devices.map((device) => targetOf(files, root, device));
  const search = findHolders(files, root, targets);
  const classless = findClasslessDevices(files, root).map((host): ClasslessState => {
    const device = classlessDevice(host);
    const group = readFact(files, root, device, 'group');
    return { ...host, ...(group !== undefined && { group }), siblings: readSiblings(files, root, device) };
  });
  // Without the policy, verify would take its names for left-over links.
  const verified = 'policyError' in policyResult ? noVerification : runVerify(machine);
  const running = await isListening(files, canConnect, root, findUdevSocket(files, root));
  const states = devices.map((device) =>
    deviceState(
      machine,
      device,
      search.holders.filter(({ target }) => target.device === device),
      verified.links,
    ),
  );
  const distribution = readDistribution(files, root);
  const processor = readProcessor(files, root);
  const watchPid = findWatcher(files, root);
  const memoryLock = readMemoryLock(files, root);
  return {
    kernel: readKernel({ files, gunzip }, root),
    ...(distribution && { distribution }),
    ...(processor && { processor }),
    groupCount: countGroups(files, root),
    iommu: statusOf(files, pathBelow(root, '/dev/iommu')),
    devices: states,
    classless,
    access: readAccess(files, root, states, classless),
    problems,
    udev: readUdev(
      files,
      root,
      running,
      'policy' in policyResult ? expectedRules(policyResult.policy) : undefined,
    ),
    ...(watchPid !== undefined && { watchPid }),
    ...('policyError' in policyResult && { policyError: policyResult.policyError }),
    ...verified.counts,
    groupNames: (machine.groupNames ?? defaultGroupNames).enabled !== false,
    drivers: readDrivers(files, root, devices, 'policy' in policyResult ? policyResult.policy : undefined),
    incomplete: search.incomplete,
    ...(memoryLock && { memoryLock }),
  };
}

/**
 * Counts the groups of real IOMMUs. For devices without an IOMMU, mediated devices included, VFIO creates
 * groups with the name `vfio-noiommu` (vfio_noiommu_group_alloc in drivers/vfio/group.c).
 */
function countGroups(files: Files, root: Root): number {
  const directory = pathBelow(root, '/sys/kernel/iommu_groups');
  const name = (group: string) => tryOrUndefined(() => files.read(`${directory}/${group}/name`, 64))?.trim();
  const groups = tryOrUndefined(() => files.readdir(directory)) ?? [];
  return groups.filter((group) => name(group) !== 'vfio-noiommu').length;
}

function deviceState(
  { files, root }: Machine,
  device: Device,
  holders: DeviceState['holders'],
  links: Pick<ReadonlySet<string>, 'has'>,
): DeviceState {
  const group = readFact(files, root, device, 'group');
  const groupNode = readFact(files, root, device, 'groupNode');
  const linkedByUdev = readLinkedByUdev(files, root, device, groupNode, links);
  return {
    device,
    ...(group !== undefined && { group }),
    ...(groupNode !== undefined && { groupNode }),
    ...(isNoIommu(files, root, device, group) && { noIommu: true }),
    siblings: readSiblings(files, root, device),
    holders,
    ...(linkedByUdev !== undefined && { linkedByUdev }),
  };
}

/** Whether udev has made the link of the device, or that of its group if only this one exists. `links` are those that exist. */
function readLinkedByUdev(
  files: Files,
  root: Root,
  device: Device,
  groupNode: string | undefined,
  links: Pick<ReadonlySet<string>, 'has'>,
): boolean | undefined {
  if (device.devnum !== undefined) {
    const link = schemeLink(device);
    return link === undefined || !canUdevName(files, root, device)
      ? undefined
      : udevHasLink(files, root, device.devnum, `vfio/${link}`);
  }
  const link = groupLink(device);
  if (link === undefined || groupNode === undefined || !links.has(link) || !hasHelper(files, root))
    return undefined;
  const attribute = `/sys/class/vfio/${groupNode.slice('/dev/vfio/'.length)}/dev`;
  const devnum = readDevnum(files, root, { attribute });
  return devnum === undefined ? undefined : udevHasLink(files, root, devnum, `vfio/${link}`);
}

/** On a bus that has no line of its own, udev takes the name from vfio_id, if that is installed. */
function canUdevName(files: Files, root: Root, { bus }: Device): boolean {
  return knownBuses.some((known) => known === bus) || hasHelper(files, root);
}

/** Whether vfio_id is installed, from which udev takes the names of groups. */
function hasHelper(files: Files, root: Root): boolean {
  return tryOrUndefined(() => files.stat(pathBelow(root, helperPath))) !== undefined;
}

/**
 * Returns the expected udev rules; `undefined` for a policy that rules cannot express, which `rules check`
 * reports.
 */
function expectedRules(policy: Policy): string | undefined {
  try {
    return renderRules('udev', policy);
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return undefined;
  }
}

interface Verified {
  readonly counts: Pick<Snapshot, 'fixableFindings' | 'verifyFindings' | 'policyNotes'>;
  /** The links that devices and groups should have. */
  readonly links: Pick<ReadonlySet<string>, 'has'>;
}

const noVerification: Verified = {
  counts: { verifyFindings: 0, fixableFindings: 0, policyNotes: [] },
  links: new Set(),
};

/** Runs verify and counts its findings. */
function runVerify(machine: Machine): Verified {
  try {
    const { findings, observation } = verify(machine);
    return {
      counts: {
        verifyFindings: findings.length,
        fixableFindings: findings.filter((finding) => finding.fixable).length,
        policyNotes: policyNotes(machine, observation),
      },
      links: observation.assignment.winners,
    };
  } catch (error) {
    // A failed system call must not prevent the other checks.
    if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
    return {
      ...noVerification,
      counts: { verifyFindings: withHint(error as Error), fixableFindings: 0, policyNotes: [] },
    };
  }
}

function statusOf(files: Files, path: string): FileStatus | string {
  try {
    return files.stat(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

/**
 * Returns the vendor of the processor, and thus of its IOMMU: `vendor_id` of the first processor (x86 only).
 */
function readProcessor(files: Files, root: Root): 'intel' | 'amd' | undefined {
  const text = decodeUtf8(
    tryOrUndefined(() => files.readBytes(pathBelow(root, '/proc/cpuinfo'), 4096)) ?? new Uint8Array(),
  );
  const vendor = /^vendor_id\s*:\s*(\S+)$/m.exec(text)?.[1];
  return vendor === 'GenuineIntel' ? 'intel' : vendor === 'AuthenticAMD' ? 'amd' : undefined;
}
