/**
 * Sets the owner, group and mode of nodes as the policy says, and restores what it no longer requires. Works on a descriptor, so
 * that the node that is changed is the one whose device number was compared with sysfs.
 */

import { type Accounts, readAccounts, resolveAccount } from '../devices/accounts.ts';
import { nodePathOf } from '../devices/cdev.ts';
import { readFact } from '../devices/facts.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, VfioNamesError } from '../errors.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Access } from '../policy/policy.ts';
import type { FileStatus, Files, SystemFiles } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { formatMode } from '../text/prose.ts';
import { AccessRecord, type ChangedParts, type Permissions } from './access-record.ts';
import type { Machine } from './observe.ts';
import { iommuNode, readDevnum } from './shared-nodes.ts';

/** One node whose access differed from the policy. Nodes that agree with it and missing nodes have no outcome. */
export interface AccessOutcome {
  readonly file: string;
  /** The device's name; absent for /dev/iommu. */
  readonly name?: string;
  readonly result: 'done' | 'failed';
  /** `0:36 0660`: uid, gid and octal mode. */
  readonly from?: string;
  readonly to?: string;
  /** Only with `failed`: an errno, or a message that the user or the group does not exist. */
  readonly error?: string;
}

/** What sync would change about the access of one node. */
export interface AccessChange {
  readonly file: string;
  /** Absent for /dev/iommu. */
  readonly device?: Device;
  /** `0:0 0600`: uid, gid and octal mode of the node. */
  readonly from: string;
  /** Absent if the user or the group does not exist here; `error` says which. */
  readonly to?: string;
  readonly error?: string;
}

/** A node and the access that the policy gives to it; empty if no rule matches. */
interface Subject {
  readonly file: string;
  readonly devnum: string;
  readonly access: Access;
  readonly device?: Device;
}

/** The access of a node that no rule covers, as devtmpfs creates it (drivers/base/devtmpfs.c). */
const unset: Permissions = { uid: 0, gid: 0, mode: 0o600 };

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
 * Returns how the access of the nodes of `devices` and of /dev/iommu differs from the policy, and so what sync changes
 * unless the tree is foreign. Changes nothing.
 */
export function planAccess(machine: AccessMachine, devices: readonly Device[]): AccessChange[] {
  return withContext<AccessChange[]>(machine, [], (context) =>
    subjectsOf(context, machine.access, devices, true).flatMap((subject): AccessChange[] => {
      const decision = ignoreErrno(() => decide(context, subject));
      if (!decision) return [];
      const { current, wanted } = decision;
      const { file, device } = subject;
      const base = { file, ...(device && { device }), from: asText(current) };
      return [typeof wanted === 'string' ? { ...base, error: wanted } : { ...base, to: asText(wanted) }];
    }),
  );
}

export interface AccessResult {
  readonly outcomes: readonly AccessOutcome[];
  /** Whether a node or its device changed meanwhile, so that the caller has to scan again. */
  readonly raced: boolean;
}

/**
 * Applies the access rules to the node of every device; a failure does not stop the others. With `all`, `devices` are all
 * devices of the machine, and /dev/iommu is covered, too.
 */
export function applyAccess(machine: AccessMachine, devices: readonly Device[], all: boolean): AccessResult {
  const nothing: AccessResult = { outcomes: [], raced: false };
  if (machine.isForeignTree) return nothing;
  return withContext(machine, nothing, (context) => {
    const outcomes: AccessOutcome[] = [];
    let raced = false;
    for (const subject of subjectsOf(context, machine.access, devices, all)) {
      const outcome = applyOne(context, subject);
      if (outcome === 'raced') raced = true;
      else if (outcome) outcomes.push(outcome);
    }
    if (all) context.record.prune(new Set(['iommu', ...devices.map(({ sysname }) => sysname)]));
    return { outcomes, raced };
  });
}

/**
 * The group nodes that exist beside the nodes that [[access]] gives to somebody: the rules do not cover them, so a program that
 * opens `/dev/vfio/14` may not be able to.
 */
export function uncoveredGroupNodes(
  { files, root, access }: AccessMachine,
  devices: readonly Device[],
): string[] {
  if (!access) return [];
  const nodes = new Set<string>();
  for (const device of devices) {
    const given = access.accessOf(device);
    if (given.owner === undefined && given.fileGroup === undefined) continue;
    const path = readFact(files, root, device, 'groupNode');
    const status = path === undefined ? undefined : ignoreErrno(() => files.statNode(pathBelow(root, path)));
    if (path !== undefined && status?.kind === 'char' && status.uid === 0 && status.gid === 0)
      nodes.add(path);
  }
  return [...nodes];
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
  all: boolean,
): Subject[] {
  const subjects: Subject[] = [];
  const add = (subject: Subject): void => {
    if (!isEmpty(subject.access) || !record.isEmpty) subjects.push(subject);
  };
  for (const device of devices) {
    if (device.devnum === undefined) continue;
    const access = rules?.accessOf(device) ?? {};
    add({ file: nodePathOf(device.sysname), devnum: device.devnum, access, device });
  }
  const devnum = all && (rules?.iommu || !record.isEmpty) ? readDevnum(files, root, iommuNode) : undefined;
  if (devnum !== undefined) add({ file: '/dev/iommu', devnum, access: rules?.iommu ?? {} });
  return subjects;
}

function isEmpty({ owner, fileGroup, mode }: Access): boolean {
  return owner === undefined && fileGroup === undefined && mode === undefined;
}

/** Decides whether the access of a node has to change. Throws the errno of a failed call. */
function decide({ files, root, record, accounts }: Context, subject: Subject): Decision | undefined {
  const { file, access } = subject;
  const current = files.statNode(pathBelow(root, file));
  if (!isExpectedNode(current, subject)) return undefined;
  const own = record.changedParts(keyOf(file), current);
  if (isEmpty(access) && !own) return undefined;
  const base: Permissions = {
    uid: own?.has('uid') ? unset.uid : current.uid,
    gid: own?.has('gid') ? unset.gid : current.gid,
    mode: own?.has('mode') ? unset.mode : current.mode,
  };
  const wanted = permissionsOf(access, accounts(), base);
  if (typeof wanted === 'string') return { subject, current, wanted, changed: new Set() };
  if (isSame(current, wanted)) return undefined;
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
    return { ...base, result: 'done', from: asText(current), to: asText(wanted) };
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
    if (!isExpectedNode(found, subject) || !isSame(found, current) || !isUnchanged(files, root, subject))
      return 'raced';
    try {
      record.begin(key, found, wanted, changed);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return `${errno} in /run/vfio-names, where the change is recorded`;
    }
    try {
      setAccess(node, found, wanted);
    } catch (error) {
      record.abort(key);
      throw error;
    }
    if (isEmpty(subject.access)) record.forget(key);
    else record.commit(key);
    return undefined;
  } finally {
    node.release();
  }
}

/**
 * Removes permissions first, so that between chmod and chown nobody has access that only one of the two states grants.
 */
function setAccess(
  node: ReturnType<SystemFiles['openForChange']>,
  found: FileStatus,
  wanted: Permissions,
): void {
  const narrowed = found.mode & wanted.mode;
  const ownerDiffers = found.uid !== wanted.uid || found.gid !== wanted.gid;
  if (ownerDiffers && narrowed !== found.mode) node.chmod(narrowed);
  if (ownerDiffers) node.chown(wanted.uid, wanted.gid);
  if ((ownerDiffers ? narrowed : found.mode) !== wanted.mode) node.chmod(wanted.mode);
}

/** Whether sysfs still gives the number to the same device. */
function isUnchanged(files: Files, root: Root, { device, devnum }: Subject): boolean {
  if (!device) return readDevnum(files, root, iommuNode) === devnum;
  const now = ignoreErrno(() => scanDevice(files, root, device.sysname));
  return now?.syspath === device.syspath && now.bus === device.bus && now.devnum === devnum;
}

/** Anything else at the path is never changed; verify reports it. */
function isExpectedNode(status: FileStatus, { devnum }: Subject): boolean {
  return status.kind === 'char' && status.devnum === devnum;
}

function isSame(a: Permissions, b: Permissions): boolean {
  return a.uid === b.uid && a.gid === b.gid && a.mode === b.mode;
}

/** The wanted access in numbers, completed with `base`; a message if the user or the group does not exist. */
function permissionsOf(
  { owner, fileGroup, mode }: Access,
  accounts: Accounts,
  base: Permissions,
): Permissions | string {
  const uid = owner === undefined ? base.uid : resolveAccount(accounts.users, owner);
  const gid = fileGroup === undefined ? base.gid : resolveAccount(accounts.groups, fileGroup);
  if (uid === undefined) return `no user ${owner} on this machine`;
  if (gid === undefined) return `no group ${fileGroup} on this machine`;
  return { uid, gid, mode: mode === undefined ? base.mode : Number.parseInt(mode, 8) };
}

function asText({ uid, gid, mode }: Permissions): string {
  return `${uid}:${gid} ${formatMode(mode)}`;
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
