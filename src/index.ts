/**
 * The library: `open()` loads the policy and returns the same functions as the commands of the same names.
 *
 *     import { open } from 'vfio-names';
 *     const machine = await open();
 *     const { nodePath } = machine.resolve('0000:01:00.0');
 */

import { readFacts } from './devices/facts.ts';
import { findByWholeName } from './devices/find.ts';
import { typedFacts } from './devices/typed-facts.ts';
import type { Cdev, Device, Problem, TypedFacts } from './devices/types.ts';
import { exitStatus, VfioNamesError } from './errors.ts';
import { type AccessChange, type AccessOutcome, planAccess } from './links/access.ts';
import { findByNameOrPath } from './links/find.ts';
import type { Finding } from './links/finding.ts';
import { bindMachine } from './links/machine.ts';
import type { SkippedDevice } from './links/node-check.ts';
import { type Observation, observe } from './links/observe.ts';
import type { Change, Outcome } from './links/plan.ts';
import { type Resolution, resolveDevice } from './links/resolve.ts';
import { skippedDevices } from './links/skipped.ts';
import { type DeviceState, deviceLinks, verifiedStates } from './links/state.ts';
import { sync } from './links/sync.ts';
import { verify } from './links/verify.ts';
import type { Conflict } from './names/claims.ts';
import { loadPolicy } from './policy/load.ts';
import { nodeSystem } from './system/node/system.ts';
import { rootFrom } from './system/root-path.ts';

export type { FindingCode } from './links/finding.ts';
export type {
  AccessChange,
  AccessOutcome,
  Cdev,
  Change,
  Conflict,
  Device,
  DeviceState,
  Finding,
  Outcome,
  Problem,
  Resolution,
  SkippedDevice,
  TypedFacts,
};
export { exitStatus, VfioNamesError };

export interface OpenOptions {
  /** A directory with the tree of another machine: an image, a test. No access of nodes is changed there. */
  readonly root?: string;
  /** A policy file in place of the installed policy. Like the installed one, only root may be able to change it. */
  readonly policy?: string;
}

/** A device with its facts, its links and its state. */
export interface ListedDevice extends TypedFacts {
  /** Absolute paths of the links that the device should have; the one of scheme 1 first. */
  readonly links: readonly string[];
  /** `ok` if verify() has no finding about the device. */
  readonly state: DeviceState;
}

/** What sync() would change, and what it would report. Links are relative to /dev/vfio. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly access: readonly AccessChange[];
  readonly conflicts: readonly Conflict[];
  /** Devices without their node, or without a usable name. */
  readonly skipped: readonly SkippedDevice[];
  readonly problems: readonly Problem[];
}

export interface SyncReport {
  readonly outcomes: readonly Outcome[];
  readonly access: readonly AccessOutcome[];
  readonly conflicts: readonly Conflict[];
  readonly skipped: readonly SkippedDevice[];
  readonly problems: readonly Problem[];
  /** Whether the last scan found no changes that can be applied. */
  readonly stable: boolean;
}

/** One machine with its policy, as it was loaded. Each call reads sysfs and /dev again. Calls throw VfioNamesError. */
export interface VfioNames {
  /** Every device that is bound to a VFIO driver, in natural order. */
  readonly list: () => ListedDevice[];
  /** The device of NAME: an address, a UUID, vfio3, an alias, a path. Throws as resolve() does. */
  readonly find: (name: string) => ListedDevice;
  /**
   * The node of NAME, after it was compared with sysfs. Throws `no-device`, `not-bound`, `ambiguous`, `no-cdev`,
   * `device-changed`, `not-permitted`, `node-missing` or `node-mismatch`.
   */
  readonly resolve: (name: string) => Resolution;
  readonly plan: () => Plan;
  /** Creates, replaces and removes links, and sets the access of nodes, as the policy says. */
  readonly sync: () => SyncReport;
  /** What is wrong with links and nodes; empty if all is well. */
  readonly verify: () => readonly Finding[];
}

/**
 * Loads the policy. Throws VfioNamesError `policy` (status 2) if it is invalid or if others than root can change it, so that
 * no link or access is ever changed by half a policy.
 */
export async function open(options: OpenOptions = {}): Promise<VfioNames> {
  const root = rootFrom(options.root ?? '');
  const files = root === '' ? nodeSystem.files : await nodeSystem.filesBelow(root);
  const policy = await loadPolicy(files, root, options.policy, true);
  const machine = bindMachine(files, root, policy, root !== '');
  const listed = (only?: Device): ListedDevice[] => {
    const verification = verify(machine);
    const states = verifiedStates(verification);
    return [...deviceLinks(verification.observation).values()]
      .filter(({ device }) => only === undefined || device.syspath === only.syspath)
      .map(({ device, links }) => ({
        ...typedFacts(readFacts(files, root, device)),
        links,
        state: states.get(device.sysname) ?? 'ok',
      }));
  };
  const findOne = (name: string): Device => findByNameOrPath(machine, observe(machine), name);
  const reported = (observation: Observation): Pick<Plan, 'conflicts' | 'skipped' | 'problems'> => ({
    conflicts: observation.assignment.conflicts,
    skipped: skippedDevices(observation),
    problems: observation.scan.problems,
  });
  return {
    list: () => listed(),
    find: (name) => {
      const device = findOne(name);
      const [found] = listed(device);
      if (found) return found;
      throw new VfioNamesError('device-changed', exitStatus.noDevice, `${device.name} was removed`, {
        hint: 'try again',
        device: device.name,
      });
    },
    resolve: (name) => resolveDevice(files, root, findByWholeName(files, root, name) ?? findOne(name)),
    plan: () => {
      const observation = observe(machine);
      const access = machine.isForeignTree ? [] : planAccess(machine, observation.scan.devices);
      return { changes: observation.changes, access, ...reported(observation) };
    },
    sync: () => {
      const { outcomes, access, stable, observation } = sync(machine, nodeSystem.process.token());
      return { outcomes, access, stable, ...reported(observation) };
    },
    verify: () => verify(machine).findings,
  };
}
