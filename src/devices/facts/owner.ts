/** Owner, group and mode of a device's node; owner and group by name if /etc/passwd and /etc/group have the number. */
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { type Accounts, readAccounts } from '../accounts.ts';
import type { Device } from '../types.ts';

/** The path of the node on the machine. */
const nodePath = (device: Device): string => `/dev/vfio/devices/${device.sysname}`;

// A run reads one machine, so its accounts are read once per Files object.
const accountsByFiles = new WeakMap<Files, { readonly root: Root; readonly accounts: Accounts }>();

function accountsOf(files: Files, root: Root): Accounts {
  const cached = accountsByFiles.get(files);
  if (cached?.root === root) return cached.accounts;
  const accounts = readAccounts(files, root);
  accountsByFiles.set(files, { root, accounts });
  return accounts;
}

function nameOf(accounts: ReadonlyMap<string, number>, number: number): string {
  for (const [name, value] of accounts) if (value === number) return name;
  return String(number);
}

/** Returns the owner of the node by name, `root`, or by number if the name is unknown. */
export function readOwner(files: Files, root: Root, device: Device): string {
  const { uid } = files.lstat(pathBelow(root, nodePath(device)));
  return nameOf(accountsOf(files, root).users, uid);
}

/** Returns the group of the node by name, `kvm`, or by number if the name is unknown. */
export function readFileGroup(files: Files, root: Root, device: Device): string {
  const { gid } = files.lstat(pathBelow(root, nodePath(device)));
  return nameOf(accountsOf(files, root).groups, gid);
}

/** Returns the permission bits of the node in octal, `0600`. */
export function readMode(files: Files, root: Root, device: Device): string {
  return files
    .lstat(pathBelow(root, nodePath(device)))
    .mode.toString(8)
    .padStart(4, '0');
}
