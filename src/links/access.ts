/**
 * Sets the owner, group and mode of nodes as the policy says, and restores what it no longer requires. Works on a descriptor, so
 * that the node that is changed is the one whose device number was compared with sysfs.
 */

import { type Accounts, readAccounts } from '../devices/accounts.ts';
import { nodePathOf } from '../devices/cdev.ts';
import { groupNodePath, tryGroupDevnum, type VfioGroup } from '../devices/groups.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, VfioNamesError } from '../errors.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Access } from '../policy/policy.ts';
import type { FileStatus, Files, SystemFiles } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { AccessRecord, type ChangedParts, type Permissions } from './access-record.ts';
import { groupAccess } from './group-access.ts';
import type { Machine } from './observe.ts';
import {
  formatPermissions,
  isEmptyAccess,
  isSamePermissions,
  permissionsOf,
  setPermissions,
  unsetPermissions,
} from './permissions.ts';
import { iommuNode, readDevnum } from './shared-nodes.ts';

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

/** A node and the access that the policy gives to it; empty if no rule matches. */
interface Subject {
  readonly file: string;
  readonly devnum: string;
  readonly access: Access;
  readonly device?: Device;
  /** The node of a group, `14`. */
  readonly group?: string;
}

type AccessMachine = Pick<Machine, 'files' | 'root' | 'access' | 'isForeignTree'>;

interface Context {
  readonly files: SystemFiles;
  readonly root: Root;
  readonly record: AccessRecord;
  /** Read on first use. */
  readonly accounts: () => Accounts;
}

interface Decision {
  readonly subject: Subject;
  readonly current: FileStatus;
  /** The access in numbers, or a message that the user or the group does not exist. */
  readonly wanted: Permissions | string;
  /** The parts that differ from what they were before we changed the node. */
  readonly changed: ChangedParts;
}

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
      const decision = ignoreErrno(() => decide(context, subject));
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

function subjectsOf(
  { files, root, record }: Context,
  rules: AccessRules | undefined,
  devices: readonly Device[],
  groups: readonly VfioGroup[] | undefined,
): Subject[] {
  const subjects: Subject[] = [];
  const add = (subject: Subject): void => {
    if (!isEmptyAccess(subject.access) || !record.isEmpty) subjects.push(subject);
  };
  for (const device of devices) {
    if (device.devnum === undefined) continue;
    const access = rules?.accessOf(device) ?? {};
    add({ file: nodePathOf(device.sysname), devnum: device.devnum, access, device });
  }
  for (const group of groups ?? [])
    add({
      ...{ file: groupNodePath(group), devnum: group.devnum, group: group.node },
      access: groupAccess(group, rules).access,
    });
  const devnum = groups && (rules?.iommu || !record.isEmpty) ? readDevnum(files, root, iommuNode) : undefined;
  if (devnum !== undefined) add({ file: '/dev/iommu', devnum, access: rules?.iommu ?? {} });
  return subjects;
}

/** Decides whether the access of a node has to change. Throws the errno of a failed call. */
function decide({ files, root, record, accounts }: Context, subject: Subject): Decision | undefined {
  const { file, access } = subject;
  const current = files.statNode(pathBelow(root, file));
  if (!isExpectedNode(current, subject)) return undefined;
  const own = record.changedParts(keyOf(file), current);
  if (isEmptyAccess(access) && !own) return undefined;
  const base: Permissions = {
    uid: own?.has('uid') ? unsetPermissions.uid : current.uid,
    gid: own?.has('gid') ? unsetPermissions.gid : current.gid,
    mode: own?.has('mode') ? unsetPermissions.mode : current.mode,
  };
  const wanted = permissionsOf(access, accounts(), base);
  if (typeof wanted === 'string') return { subject, current, wanted, changed: new Set() };
  if (isSamePermissions(current, wanted)) return undefined;
  const changed = new Set(own);
  for (const part of ['uid', 'gid', 'mode'] as const) if (wanted[part] !== current[part]) changed.add(part);
  return { subject, current, wanted, changed };
}

function keyOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
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

/**
 * Records and makes the change. Returns `raced` if the path or the number no longer belongs to the device, or why the change
 * cannot be recorded: access that could not be restored later is not changed.
 */
function changeAccess(
  { files, root, record }: Context,
  decision: Decision,
  wanted: Permissions,
): string | undefined {
  const { subject, current, changed } = decision;
  const key = keyOf(subject.file);
  const node = files.openForChange(pathBelow(root, subject.file));
  try {
    const found = node.status();
    // The number can have changed hands since the scan: the node is held now, so sysfs is read again.
    if (
      !isExpectedNode(found, subject) ||
      !isSamePermissions(found, current) ||
      !isUnchanged(files, root, subject)
    )
      return 'raced';
    try {
      record.begin(key, found, wanted, changed);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return `${errno} in /run/vfio-names, where the change is recorded`;
    }
    try {
      setPermissions(node, found, wanted);
    } catch (error) {
      record.abort(key);
      throw error;
    }
    if (isEmptyAccess(subject.access)) record.forget(key);
    else record.commit(key);
    return undefined;
  } finally {
    node.release();
  }
}

/** Whether sysfs still gives the number to the same device or group. */
function isUnchanged(files: Files, root: Root, { device, group, devnum }: Subject): boolean {
  if (group !== undefined) return tryGroupDevnum(files, root, group) === devnum;
  if (!device) return readDevnum(files, root, iommuNode) === devnum;
  const now = ignoreErrno(() => scanDevice(files, root, device.sysname));
  return now?.syspath === device.syspath && now.bus === device.bus && now.devnum === devnum;
}

/** Anything else at the path is never changed; verify reports it. */
function isExpectedNode(status: FileStatus, { devnum }: Subject): boolean {
  return status.kind === 'char' && status.devnum === devnum;
}

/** The result of `fn`; `undefined` if a system call fails or an entry of sysfs is malformed. */
function ignoreErrno<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof VfioNamesError)) throw error;
    return undefined;
  }
}
