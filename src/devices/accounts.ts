/** Users and groups from /etc/passwd and /etc/group; directory services (NSS) are not queried. */
import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';

/** Maps user and group names to their numbers. */
export interface Accounts {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

/** Parses `name:password:number:...` lines (passwd(5), group(5)); the first line of a name counts. */
export function parseAccounts(text: string): Map<string, number> {
  const accounts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name = '', , number = ''] = line.split(':');
    if (name !== '' && !/^[#+-]/.test(name) && /^\d{1,10}$/.test(number) && !accounts.has(name))
      accounts.set(name, Number(number));
  }
  return accounts;
}

/** Reads /etc/passwd and /etc/group below `root`; a missing file gives an empty map. */
export function readAccounts(files: Files, root: Root): Accounts {
  const parse = (path: string): Map<string, number> =>
    parseAccounts(ignoring(() => files.read(pathBelow(root, path)), 'ENOENT', 'ENOTDIR') ?? '');
  return { users: parse('/etc/passwd'), groups: parse('/etc/group') };
}

/** Returns the number of `name`, which may itself be a decimal number; `undefined` for an unknown name. */
export function resolveAccount(accounts: ReadonlyMap<string, number>, name: string): number | undefined {
  return /^\d{1,10}$/.test(name) ? Number(name) : accounts.get(name);
}
