/**
 * Sets the owner, group and mode of nodes as the policy says, and restores what it no longer requires. Works on a descriptor, so
 * that the node that is changed is the one whose device number was compared with sysfs.
 */

import { type Accounts, readAccounts } from '../devices/accounts.ts';
import type { VfioGroup } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, ifReadable } from '../errors.ts';
import { changeAccess } from './access-change.ts';
import { type Context, decide, type Subject, subjectsOf } from './access-decision.ts';
import { AccessRecord } from './access-record.ts';
import type { Machine } from './observe.ts';
import { formatPermissions } from './permissions.ts';

/** One node whose access differed from the policy. Nodes that agree with it and missing nodes have no outcome. */
export interface AccessOutcome {
  /** The path of the node. */
  readonly file: string;
  /** The device's name; absent for the node of a group and for /dev/iommu. */
  readonly name?: string;
  /** Whether the access was changed. */
  readonly result: 'done' | 'failed';
  /** The access before, `0:36 0660`: uid, gid and octal mode. */
  readonly from?: string;
  /** The access after. */
  readonly to?: string;
  /** Only with `failed`: an errno, or a message that the user or the group does not exist. */
  readonly error?: string;
}

/** What sync would change about the access of one node. */
export interface AccessChange {
  /** The path of the node. */
  readonly file: string;
  /** Absent for the node of a group and for /dev/iommu. */
  readonly device?: Device;
  /** `0:0 0600`: uid, gid and octal mode of the node. */
  readonly from: string;
  /** Absent if the user or the group does not exist here; `error` says which. */
  readonly to?: string;
  /** Why the access cannot be given. */
  readonly error?: string;
}

type AccessMachine = Pick<Machine, 'files' | 'root' | 'access' | 'isForeignTree'>;

/**
 * Returns how the access of the nodes of `devices`, of `groups` and of /dev/iommu differs from the policy, and so what sync changes
 * unless the tree is foreign. Changes nothing.
 */
export function planAccess(
  machine: AccessMachine,
  devices: readonly Device[],
  groups: readonly VfioGroup[],
): AccessChange[] {
  return withContext<AccessChange[]>(machine, [], (context) =>
    subjectsOf(context, machine.access, devices, groups).flatMap((subject): AccessChange[] => {
      const decision = ifReadable(() => decide(context, subject));
      if (!decision) return [];
      const { current, wanted } = decision;
      const { file, device } = subject;
      const base = { file, ...(device && { device }), from: formatPermissions(current) };
      return [
        typeof wanted === 'string' ? { ...base, error: wanted } : { ...base, to: formatPermissions(wanted) },
      ];
    }),
  );
}

export interface AccessResult {
  readonly outcomes: readonly AccessOutcome[];
  /** Whether a node or its device changed meanwhile, so that the caller has to scan again. */
  readonly raced: boolean;
}

/**
 * Applies the access rules to the node of every device; a failure does not stop the others. With `groups`, the groups of the
 * machine that have names, `devices` are all its devices, and the nodes of groups and /dev/iommu are covered, too.
 */
export function applyAccess(
  machine: AccessMachine,
  devices: readonly Device[],
  groups?: readonly VfioGroup[],
): AccessResult {
  const nothing: AccessResult = { outcomes: [], raced: false };
  if (machine.isForeignTree) return nothing;
  return withContext(machine, nothing, (context) => {
    const outcomes: AccessOutcome[] = [];
    let raced = false;
    for (const subject of subjectsOf(context, machine.access, devices, groups)) {
      const outcome = applyOne(context, subject);
      if (outcome === 'raced') raced = true;
      else if (outcome) outcomes.push(outcome);
    }
    if (groups)
      context.record.prune(
        new Set(['iommu', ...devices.map(({ sysname }) => sysname), ...groups.map(({ node }) => node)]),
      );
    return { outcomes, raced };
  });
}

/** Calls `fn`, unless there are neither rules nor a record: most machines have none. */
function withContext<T>(
  { files, root, access, isForeignTree }: AccessMachine,
  nothing: T,
  fn: (context: Context) => T,
): T {
  const record = new AccessRecord(files, root, !isForeignTree);
  try {
    if (access === undefined && record.isEmpty) return nothing;
    let accounts: Accounts | undefined;
    return fn({
      files,
      root,
      record,
      accounts: () => {
        accounts ??= readAccounts(files, root);
        return accounts;
      },
    });
  } finally {
    record.release();
  }
}

function applyOne(context: Context, subject: Subject): AccessOutcome | 'raced' | undefined {
  const { file, device } = subject;
  const base = { file, ...(device && { name: device.name }) };
  try {
    const decision = decide(context, subject);
    if (!decision) return undefined;
    const { current, wanted } = decision;
    if (typeof wanted === 'string') return { ...base, result: 'failed', error: wanted };
    const problem = changeAccess(context, decision, wanted);
    if (problem === 'raced') return 'raced';
    if (problem !== undefined) return { ...base, result: 'failed', error: problem };
    return { ...base, result: 'done', from: formatPermissions(current), to: formatPermissions(wanted) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // The node was removed in the meantime; the next scan reports that.
    return errno === 'ENOENT' || errno === 'ENOTDIR'
      ? undefined
      : { ...base, result: 'failed', error: errno };
  }
}
