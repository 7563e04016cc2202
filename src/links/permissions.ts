/** The owner, group and mode of a node: what the policy gives in numbers, and how a node gets them. */
import { type AccountNames, type Accounts, resolveAccount } from '../devices/accounts.ts';
import type { Access } from '../policy/policy.ts';
import type { FileStatus, PathHandle } from '../system/files.ts';
import { formatMode } from '../text/prose.ts';
import type { Permissions } from './access-record.ts';

/** The access of a node that no rule covers, as devtmpfs creates it (drivers/base/devtmpfs.c). */
export const unsetPermissions: Permissions = { uid: 0, gid: 0, mode: 0o600 };

/** Whether the rules give nothing for a node. */
export function isEmptyAccess({ owner, fileGroup, mode }: Access): boolean {
  return owner === undefined && fileGroup === undefined && mode === undefined;
}

export function isSamePermissions(a: Permissions, b: Permissions): boolean {
  return a.uid === b.uid && a.gid === b.gid && a.mode === b.mode;
}

/** The wanted access in numbers, completed with `base`; a message if the user or the group does not exist. */
export function permissionsOf(
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

/** `0:36 0660`: uid, gid and octal mode. */
export function formatPermissions({ uid, gid, mode }: Permissions): string {
  return `${uid}:${gid} ${formatMode(mode)}`;
}

/** `root:kvm 0660`, for people: a number where an account has no name. */
export function formatOwners({ uid, gid, mode }: Permissions, { users, groups }: AccountNames): string {
  return `${users.get(uid) ?? uid}:${groups.get(gid) ?? gid} ${formatMode(mode)}`;
}

/** Converts the text of formatPermissions() to that of formatOwners(). */
export function nameOwners(permissions: string, names: AccountNames): string {
  const [, uid, gid, mode = ''] = /^(\d+):(\d+) ([0-7]+)$/.exec(permissions) ?? [];
  if (uid === undefined) return permissions;
  return formatOwners({ uid: Number(uid), gid: Number(gid), mode: Number.parseInt(mode, 8) }, names);
}

/**
 * Removes permissions first, so that between chmod and chown nobody has access that only one of the two states grants.
 */
export function setPermissions(node: PathHandle, found: FileStatus, wanted: Permissions): void {
  const narrowed = found.mode & wanted.mode;
  const ownerDiffers = found.uid !== wanted.uid || found.gid !== wanted.gid;
  if (ownerDiffers && narrowed !== found.mode) node.chmod(narrowed);
  if (ownerDiffers) node.chown(wanted.uid, wanted.gid);
  if ((ownerDiffers ? narrowed : found.mode) !== wanted.mode) node.chmod(wanted.mode);
}
