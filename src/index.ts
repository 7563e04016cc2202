/**
 * The library: `open()` loads the policy and returns the same functions as the commands of the same names.
 *
 *     import { open } from 'vfio-names';
 *     const machine = await open();
 *     const { fd, close } = await machine.openDevice('0000:01:00.0');
 */
import { resolve } from 'node:path';
import { openMachine } from './library/open.ts';
import type { OpenOptions, VfioNames } from './library/types.ts';
import { nodeSystem } from './system/node/system.ts';

export type { Cdev, Device, Problem, TypedFacts } from './devices/types.ts';
export { type ExitStatus, exitStatus, VfioNamesError } from './errors.ts';
export type {
  ListedDevice,
  OpenDeviceOptions,
  OpenedDevice,
  OpenOptions,
  Plan,
  SyncReport,
  VfioNames,
  Watch,
  WatchOptions,
} from './library/types.ts';
export type { AccessChange, AccessOutcome } from './links/access.ts';
export type { Finding, FindingCode } from './links/finding.ts';
export type { SkippedDevice } from './links/node-check.ts';
export type { Change, Outcome } from './links/plan.ts';
export type { Resolution } from './links/resolve.ts';
export type { DeviceState } from './links/state.ts';
export type { Conflict } from './names/claims.ts';
export type { WatchEvent, WatchReason, WatchTrigger } from './watch/events.ts';

/**
 * Loads the policy. Throws VfioNamesError `policy` (status 2) if it is invalid or if others than root can change it, so that
 * no link or access is ever changed by half a policy, and `usage` (status 2) for a root that is not a directory.
 */
export async function open({ root, hostRoot, ...options }: OpenOptions = {}): Promise<VfioNames> {
  return openMachine(nodeSystem, {
    ...options,
    ...(root !== undefined && { root: resolve(root) }),
    ...(hostRoot !== undefined && { hostRoot: resolve(hostRoot) }),
  });
}
