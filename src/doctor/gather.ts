/**
 * Reads everything that the checks of doctor need, once. Changes nothing, opens no device, runs no program.
 */
import type { Policy } from '../config/policy.ts';
import type { Device } from '../devices/device.ts';
import { readFact } from '../devices/facts.ts';
import { isNoIommu } from '../devices/no-iommu.ts';
import { scanDevices } from '../devices/scan.ts';
import { errnoOf, VfioNamesError } from '../errors.ts';
import { findHolders } from '../holders/find.ts';
import { readSiblings } from '../holders/siblings.ts';
import { targetOf } from '../holders/target.ts';
import { tolerant } from '../holders/tolerant.ts';
import type { Machine } from '../links/observe.ts';
import { verify } from '../links/verify.ts';
import { schemeLink } from '../names/scheme.ts';
import { render } from '../rules/render.ts';
import type { Files, Status } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { readDistribution, readKernel } from './kernel.ts';
import { findWatcher, readMemoryLock } from './processes.ts';
import type { DeviceState, Snapshot } from './snapshot.ts';
import { answers } from './socket.ts';
import { readUdev, udevMade, udevSocket } from './udev.ts';

/** The policy, or the error of its reader; in that case the default policy applies. */
export type PolicyOrFault = { readonly policy: Policy } | { readonly policyFault: string };

/**
 * Reads the state of the machine. A file that can't be read leaves its property absent; it is not an error.
 */
export async function gather(machine: Machine, policyResult: PolicyOrFault): Promise<Snapshot> {
  const { files, root } = machine;
  const { devices, problems } = scanDevices(files, root);
  const targets = devices.map((device) => targetOf(files, root, device));
  const search = findHolders(files, root, targets);
  const running = await answers(files, root, udevSocket(files, root));
  const distribution = readDistribution(files, root);
  const processor = readProcessor(files, root);
  const watcher = findWatcher(files, root);
  const memoryLock = readMemoryLock(files, root);
  return {
    kernel: readKernel(files, root),
    ...(distribution && { distribution }),
    ...(processor && { processor }),
    groups: countGroups(files, root),
    iommu: statusOf(files, at(root, '/dev/iommu')),
    devices: devices.map((device) =>
      deviceState(
        files,
        root,
        device,
        search.holders.filter(({ target }) => target.device === device),
      ),
    ),
    problems,
    udev: readUdev(
      files,
      root,
      running,
      'policy' in policyResult ? expectedRules(policyResult.policy) : undefined,
    ),
    ...(watcher !== undefined && { watcher }),
    ...('policyFault' in policyResult && { policyFault: policyResult.policyFault }),
    ...countFindings(machine),
    unseen: search.unseen,
    ...(memoryLock && { memoryLock }),
  };
}

/**
 * Counts the groups of real IOMMUs. For devices without an IOMMU, mediated devices included, VFIO creates
 * groups with the name `vfio-noiommu` (vfio_noiommu_group_alloc in drivers/vfio/group.c).
 */
function countGroups(files: Files, root: Root): number {
  const directory = at(root, '/sys/kernel/iommu_groups');
  const name = (group: string) => tolerant(() => files.read(`${directory}/${group}/name`, 64))?.trim();
  const groups = tolerant(() => files.list(directory)) ?? [];
  return groups.filter((group) => name(group) !== 'vfio-noiommu').length;
}

function deviceState(files: Files, root: Root, device: Device, holders: DeviceState['holders']): DeviceState {
  const group = readFact(files, root, device, 'group');
  const link = schemeLink(device);
  const namedByUdev =
    device.devnum === undefined || link === undefined
      ? undefined
      : udevMade(files, root, device.devnum, `vfio/${link}`);
  return {
    device,
    ...(group !== undefined && { group }),
    ...(isNoIommu(files, root, device, group) && { noIommu: true }),
    siblings: readSiblings(files, root, device),
    holders,
    ...(namedByUdev !== undefined && { namedByUdev }),
  };
}

/**
 * Returns the expected udev rules; `undefined` for a policy that rules can't express, which `rules check`
 * reports.
 */
function expectedRules(policy: Policy): string | undefined {
  try {
    return render('udev', policy);
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    return undefined;
  }
}

/** Runs verify and counts its findings. */
function countFindings(machine: Machine): Pick<Snapshot, 'findings' | 'fixable'> {
  try {
    const { findings } = verify(machine);
    return { findings: findings.length, fixable: findings.filter((finding) => finding.fixable).length };
  } catch (error) {
    // A failed system call must not prevent the other checks.
    if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
    return { findings: (error as Error).message, fixable: 0 };
  }
}

function statusOf(files: Files, path: string): Status | string {
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
  const text = tolerant(() => files.read(at(root, '/proc/cpuinfo'), 4096)) ?? '';
  const vendor = /^vendor_id\s*:\s*(\S+)$/m.exec(text)?.[1];
  return vendor === 'GenuineIntel' ? 'intel' : vendor === 'AuthenticAMD' ? 'amd' : undefined;
}
