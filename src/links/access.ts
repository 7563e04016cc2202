/**
 * Gives nodes the owner, group and mode that the policy wants, by descriptor: what is changed is the very node whose
 * device number was compared with sysfs. Knows neither rules nor links.
 */
import type { Access } from '../config/policy.ts';
import { type Accounts, accountNumber, readAccounts } from '../devices/accounts.ts';
import type { Device } from '../devices/device.ts';
import { attempt, errnoOf } from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files, Status } from '../system/files.ts';
import { type Pin, pinPath } from '../system/pin.ts';
import { at, type Root } from '../system/root.ts';
import { nodePathOf } from './check-node.ts';

/** What a policy wants; made by config/access-rules.ts. */
export interface AccessRules {
  /** Empty where no rule fits. */
  readonly of: (device: Device) => Access;
  /** Of /dev/iommu. */
  readonly iommu?: Access;
}

/** One node that was not as the policy wants it. Nodes that were, or that are not there, are left out. */
export interface AccessOutcome {
  readonly path: string;
  /** The device's name; absent for /dev/iommu. */
  readonly device?: string;
  readonly result: 'done' | 'failed';
  /** `root:kvm 0660`, in numbers. */
  readonly from?: string;
  readonly to?: string;
  /** Of `failed`: an errno, or that no such user or group is known. */
  readonly why?: string;
}

interface Wish {
  readonly path: string;
  readonly devnum: string;
  readonly access: Access;
  readonly device?: string;
}

/** Brings every node to what the rules want; one that fails stops no other. */
export function applyAccess(
  files: Files,
  root: Root,
  rules: AccessRules,
  devices: readonly Device[],
  pin: Pin = pinPath,
): AccessOutcome[] {
  const wishes: Wish[] = [];
  for (const device of devices) {
    if (device.devnum === undefined) continue;
    const access = rules.of(device);
    const path = nodePathOf(device.sysname);
    if (!isEmpty(access)) wishes.push({ path, devnum: device.devnum, access, device: device.name });
  }
  const iommu = rules.iommu && iommuDevnum(files, root);
  if (rules.iommu && iommu !== undefined)
    wishes.push({ path: '/dev/iommu', devnum: iommu, access: rules.iommu });
  if (wishes.length === 0) return [];
  const accounts = readAccounts(files, root);
  return wishes.flatMap((wish) => grant(files, root, accounts, wish, pin) ?? []);
}

function isEmpty({ owner, group, mode }: Access): boolean {
  return owner === undefined && group === undefined && mode === undefined;
}

/** /dev/iommu is a misc device with a minor of its own on each machine (drivers/iommu/iommufd/main.c). */
function iommuDevnum(files: Files, root: Root): string | undefined {
  const text = attempt(() => files.read(at(root, '/sys/class/misc/iommu/dev'), 64), 'ENOENT', 'ENODEV');
  return text === undefined ? undefined : parseDevnum(text);
}

interface Numbers {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

function grant(
  files: Files,
  root: Root,
  accounts: Accounts,
  wish: Wish,
  pin: Pin,
): AccessOutcome | undefined {
  const base = { path: wish.path, ...(wish.device !== undefined && { device: wish.device }) };
  try {
    const seen = files.fstat(at(root, wish.path));
    const want = numbersOf(wish.access, accounts, seen);
    if (typeof want === 'string') return { ...base, result: 'failed', why: want };
    if (!isTheNode(seen, wish) || isSame(seen, want)) return undefined;
    if (!change(at(root, wish.path), wish, want, pin)) return undefined;
    return { ...base, result: 'done', from: asText(seen), to: asText(want) };
  } catch (error) {
    const why = errnoOf(error);
    if (why === undefined) throw error;
    // It went away while we looked: the next look tells.
    return why === 'ENOENT' || why === 'ENOTDIR' ? undefined : { ...base, result: 'failed', why };
  }
}

function change(path: string, wish: Wish, want: Numbers, pin: Pin): boolean {
  const node = pin(path);
  try {
    const found = node.status();
    if (!isTheNode(found, wish)) return false;
    // First what is taken away, so that nobody gets in between what the old and the new owner may not both have.
    const narrow = found.mode & want.mode;
    const moves = found.uid !== want.uid || found.gid !== want.gid;
    if (moves && narrow !== found.mode) node.chmod(narrow);
    if (moves) node.chown(want.uid, want.gid);
    if ((moves ? narrow : found.mode) !== want.mode) node.chmod(want.mode);
    return true;
  } finally {
    node.release();
  }
}

/** Another thing at the path is verify's finding; it is never touched. */
function isTheNode(status: Status, { devnum }: Wish): boolean {
  return status.kind === 'char' && status.devnum === devnum;
}

function isSame(status: Status, want: Numbers): boolean {
  return status.uid === want.uid && status.gid === want.gid && status.mode === want.mode;
}

/** What the access says, and what there is for what it does not say. A text says which name is not known. */
function numbersOf({ owner, group, mode }: Access, accounts: Accounts, now: Status): Numbers | string {
  const uid = owner === undefined ? now.uid : accountNumber(accounts.users, owner);
  const gid = group === undefined ? now.gid : accountNumber(accounts.groups, group);
  if (uid === undefined) return `no user ${owner} on this machine`;
  if (gid === undefined) return `no group ${group} on this machine`;
  return { uid, gid, mode: mode === undefined ? now.mode : Number.parseInt(mode, 8) };
}

function asText({ uid, gid, mode }: Numbers): string {
  return `${uid}:${gid} ${mode.toString(8).padStart(4, '0')}`;
}
