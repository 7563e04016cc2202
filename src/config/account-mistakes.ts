/** Finds users and groups of a policy that do not exist on the machine. */
import { type Accounts, resolveAccount } from '../devices/accounts.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Diagnostic } from './mistake.ts';
import type { Access, Policy, SourceLocation } from './policy.ts';

/** Returns one error for each unknown name. If the machine has no accounts at all (an image without files), none. */
export function accountErrors(policy: Policy, accounts: Accounts): Diagnostic[] {
  const rules: readonly (Access & { readonly source: SourceLocation })[] = policy.iommu
    ? [...policy.access, policy.iommu]
    : policy.access;
  return rules.flatMap((rule) => {
    const table = rule === policy.iommu ? 'iommu' : 'access';
    return [
      ...checkName(rule.owner, 'user', accounts.users, rule.source, `${table}.owner`),
      ...checkName(rule.group, 'group', accounts.groups, rule.source, `${table}.group`),
    ];
  });
}

function checkName(
  name: string | undefined,
  what: string,
  known: ReadonlyMap<string, number>,
  source: SourceLocation,
  key: string,
): Diagnostic[] {
  if (name === undefined || known.size === 0 || resolveAccount(known, name) !== undefined) return [];
  const near = nearest(name, [...known.keys()]);
  const hint = near === undefined ? 'make it, or give its number in quotes' : `did you mean "${near}"?`;
  return [{ source, key, message: `no ${what} "${printable(name)}" on this machine; ${hint}` }];
}
