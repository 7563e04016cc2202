/** Findings about the access of nodes: one for each node whose owner, group or mode is not what the policy says. */
import type { AccountNames } from '../devices/accounts.ts';
import { printable } from '../text/printable.ts';
import type { AccessChange } from './access.ts';
import type { Finding } from './finding.ts';
import { nameOwners } from './permissions.ts';

/** `fixable` says whether sync changes access on this tree; `names` is called only if there are changes. */
export function verifyAccess(
  changes: readonly AccessChange[],
  fixable: boolean,
  names: () => AccountNames,
): Finding[] {
  const named = (permissions: string): string => printable(nameOwners(permissions, names()));
  return changes.map(({ file, device, from, to, error }): Finding => {
    const base = { file: printable(file), ...(device && { bus: device.bus, name: device.name }) };
    if (to === undefined)
      return {
        ...base,
        code: 'access-impossible',
        message: `expected the access that the policy gives to ${printable(file)}, found ${printable(error ?? '')}`,
        remedy: 'create the account, or correct [[access]] in the policy',
        fixable: false,
      };
    return {
      ...base,
      code: 'access-mismatch',
      message: `expected owner, group and mode ${named(to)} of ${printable(file)}, found ${named(from)}`,
      remedy: fixable
        ? 'vfio-names sync'
        : "vfio-names sync --host-root DIR, if it is this machine's own tree",
      fixable,
    };
  });
}
