/** Who owns a device's node, by name where the machine's own files know the number. */
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import type { Device } from './device.ts';

/** The node's path on the machine. */
const nodePath = (device: Device): string => `/dev/vfio/devices/${device.sysname}`;

// A run shows one machine's devices: its accounts are read once, for as long as its files are looked at.
const known = new WeakMap<Files, { readonly root: Root; readonly accounts: Accounts }>();

function accountsOf(files: Files, root: Root): Accounts {
  const kept = known.get(files);
  if (kept?.root === root) return kept.accounts;
  const accounts = readAccounts(files, root);
  known.set(files, { root, accounts });
  return accounts;
}

function nameOf(accounts: ReadonlyMap<string, number>, number: number): string {
  for (const [name, value] of accounts) if (value === number) return name;
  return String(number);
}

/** The owner's user name, `root`, or its number where no name is known. */
export function readOwner(files: Files, root: Root, device: Device): string {
  const { uid } = files.lstat(at(root, nodePath(device)));
  return nameOf(accountsOf(files, root).users, uid);
}

/** The node's group by name, `kvm`, or its number. */
export function readFileGroup(files: Files, root: Root, device: Device): string {
  const { gid } = files.lstat(at(root, nodePath(device)));
  return nameOf(accountsOf(files, root).groups, gid);
}

/** The node's permission bits in octal, `0600`. */
export function readMode(files: Files, root: Root, device: Device): string {
  return files
    .lstat(at(root, nodePath(device)))
    .mode.toString(8)
    .padStart(4, '0');
}
