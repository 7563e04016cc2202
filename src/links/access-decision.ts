/** Decides for each node whether its owner, group and mode have to change: by the policy, and by the record of what we changed. */
import type { Accounts } from '../devices/accounts.ts';
import { nodePathOf } from '../devices/cdev.ts';
import { groupNodePath, type VfioGroup } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Access } from '../policy/policy.ts';
import type { FileStatus, SystemFiles } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { AccessRecord, ChangedParts, Permissions } from './access-record.ts';
import { groupAccess } from './group-access.ts';
import { isEmptyAccess, isSamePermissions, permissionsOf, unsetPermissions } from './permissions.ts';
import { iommuNode, readDevnum } from './shared-nodes.ts';

/** A node and the access that the policy gives to it; empty if no rule matches. */
export interface Subject {
  readonly file: string;
  readonly devnum: string;
  readonly access: Access;
  readonly device?: Device;
  /** The node of a group, `14`. */
  readonly group?: string;
}

export interface Context {
  readonly files: SystemFiles;
  readonly root: Root;
  readonly record: AccessRecord;
  /** Read on first use. */
  readonly accounts: () => Accounts;
}

export interface Decision {
  readonly subject: Subject;
  readonly current: FileStatus;
  /** The access in numbers, or a message that the user or the group does not exist. */
  readonly wanted: Permissions | string;
  /** The parts that differ from what they were before we changed the node. */
  readonly changed: ChangedParts;
}

export function subjectsOf(
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
export function decide({ files, root, record, accounts }: Context, subject: Subject): Decision | undefined {
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

export function keyOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** Anything else at the path is never changed; verify reports it. */
export function isExpectedNode(status: FileStatus, { devnum }: Subject): boolean {
  return status.kind === 'char' && status.devnum === devnum;
}
