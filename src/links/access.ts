/**
 * Sets the owner, group and mode of nodes as the policy says. Works on a descriptor, so that the node that is changed
 * is the one whose device number was compared with sysfs.
 */

import { type Accounts, readAccounts, resolveAccount } from '../devices/accounts.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, ignoring } from '../errors.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Access } from '../policy/policy.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { FileStatus, Files, SystemFiles } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { nodePathOf } from './node-check.ts';

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

interface AccessChange {
  readonly file: string;
  readonly devnum: string;
  readonly access: Access;
  readonly name?: string;
}

/** Applies the access rules to the node of every device and to /dev/iommu; a failure does not stop the others. */
export function applyAccess(
  files: SystemFiles,
  root: Root,
  rules: AccessRules,
  devices: readonly Device[],
): AccessOutcome[] {
  const changes: AccessChange[] = [];
  for (const device of devices) {
    if (device.devnum === undefined) continue;
    const access = rules.accessOf(device);
    const file = nodePathOf(device.sysname);
    if (!isEmpty(access)) changes.push({ file, devnum: device.devnum, access, name: device.name });
  }
  const iommu = rules.iommu && iommuDevnum(files, root);
  if (rules.iommu && iommu !== undefined)
    changes.push({ file: '/dev/iommu', devnum: iommu, access: rules.iommu });
  if (changes.length === 0) return [];
  const accounts = readAccounts(files, root);
  return changes.flatMap((change) => changeAccess(files, root, accounts, change) ?? []);
}

function isEmpty({ owner, fileGroup, mode }: Access): boolean {
  return owner === undefined && fileGroup === undefined && mode === undefined;
}

/** /dev/iommu is a misc device with a dynamic minor (drivers/iommu/iommufd/main.c). */
function iommuDevnum(files: Files, root: Root): string | undefined {
  const text = ignoring(
    () => files.read(pathBelow(root, '/sys/class/misc/iommu/dev'), 64),
    'ENOENT',
    'ENODEV',
  );
  return text === undefined ? undefined : parseDevnum(text);
}

interface Permissions {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

function changeAccess(
  files: SystemFiles,
  root: Root,
  accounts: Accounts,
  change: AccessChange,
): AccessOutcome | undefined {
  const base = { file: change.file, ...(change.name !== undefined && { name: change.name }) };
  try {
    const current = files.statNode(pathBelow(root, change.file));
    const wanted = permissionsOf(change.access, accounts, current);
    if (typeof wanted === 'string') return { ...base, result: 'failed', error: wanted };
    if (!isExpectedNode(current, change) || isSame(current, wanted)) return undefined;
    if (!changeNode(files, pathBelow(root, change.file), change, wanted)) return undefined;
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

/** Returns false if the path no longer leads to the device's node. */
function changeNode(files: SystemFiles, path: string, change: AccessChange, wanted: Permissions): boolean {
  const node = files.openForChange(path);
  try {
    const found = node.status();
    if (!isExpectedNode(found, change)) return false;
    // Remove permissions first, so that between chmod and chown nobody has access that only one of the two states
    // grants.
    const narrowed = found.mode & wanted.mode;
    const ownerDiffers = found.uid !== wanted.uid || found.gid !== wanted.gid;
    if (ownerDiffers && narrowed !== found.mode) node.chmod(narrowed);
    if (ownerDiffers) node.chown(wanted.uid, wanted.gid);
    if ((ownerDiffers ? narrowed : found.mode) !== wanted.mode) node.chmod(wanted.mode);
    return true;
  } finally {
    node.release();
  }
}

/** Anything else at the path is never changed; verify reports it. */
function isExpectedNode(status: FileStatus, { devnum }: AccessChange): boolean {
  return status.kind === 'char' && status.devnum === devnum;
}

function isSame(status: FileStatus, wanted: Permissions): boolean {
  return status.uid === wanted.uid && status.gid === wanted.gid && status.mode === wanted.mode;
}

/**
 * The wanted access in numbers, completed with the current values; a message if the user or the group does not exist.
 */
function permissionsOf(
  { owner, fileGroup, mode }: Access,
  accounts: Accounts,
  current: FileStatus,
): Permissions | string {
  const uid = owner === undefined ? current.uid : resolveAccount(accounts.users, owner);
  const gid = fileGroup === undefined ? current.gid : resolveAccount(accounts.groups, fileGroup);
  if (uid === undefined) return `no user ${owner} on this machine`;
  if (gid === undefined) return `no group ${fileGroup} on this machine`;
  return { uid, gid, mode: mode === undefined ? current.mode : Number.parseInt(mode, 8) };
}

function asText({ uid, gid, mode }: Permissions): string {
  return `${uid}:${gid} ${mode.toString(8).padStart(4, '0')}`;
}
