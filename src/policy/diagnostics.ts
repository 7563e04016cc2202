/** Errors and warnings of a policy, and their one-line format. */

import { type Accounts, resolveAccount } from '../devices/accounts.ts';
import { exitStatus, VfioNamesError, withHint } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { matchCovers } from './match.ts';
import type { Access, AccessRule, LinkRule, Policy, SourceLocation } from './policy.ts';

/** One error or warning. */
export interface Diagnostic {
  readonly source: SourceLocation;
  /** `link.match.vendor`; empty for an error about the whole file. */
  readonly key: string;
  /** What was expected and what was found; printable. */
  readonly message: string;
  /** What to write instead; printable. */
  readonly hint?: string | undefined;
}

/** Formats an error: `/etc/vfio-names/10-gpu.toml:4: link.match.vendor: expected ..., found ...; hint`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return withHint({ message: messageWithPlace(diagnostic), hint: diagnostic.hint });
}

function messageWithPlace({ source, key, message }: Diagnostic): string {
  return `${printable(source.file)}:${source.line}: ${key === '' ? '' : `${printable(key)}: `}${message}`;
}

/** Sorts by the order in which the files are read, then by line. */
export function sortDiagnostics(errors: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  return [...errors].sort(
    (a, b) => files.indexOf(a.source.file) - files.indexOf(b.source.file) || a.source.line - b.source.line,
  );
}

/** Returns the VfioNamesError `policy` (status 2) for sorted errors: the first one, and the number of the others. */
export function policyError(errors: readonly Diagnostic[]): VfioNamesError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more; see config check)` : '';
  if (first === undefined) return new VfioNamesError('policy', exitStatus.usage, 'bad policy');
  const message = messageWithPlace(first);
  const { hint, source } = first;
  const facts = { path: source.file };
  return hint === undefined
    ? new VfioNamesError('policy', exitStatus.usage, message + more, facts)
    : new VfioNamesError('policy', exitStatus.usage, message, { ...facts, hint: hint + more });
}

/** Returns one warning for each rule without effect. */
export function findShadowedRules(policy: Policy): Diagnostic[] {
  return [...shadowedLinks(policy.linkRules), ...shadowedAccess(policy.accessRules)];
}

/** Finds names that another rule gives to at least the same devices, with the same or a higher priority. */
function shadowedLinks(links: readonly LinkRule[]): Diagnostic[] {
  const byName = new Map<string, LinkRule[]>();
  for (const rule of links) {
    const key = JSON.stringify(rule.template);
    byName.set(key, [...(byName.get(key) ?? []), rule]);
  }
  return [...byName.values()].flatMap((sameName) =>
    sameName.flatMap((rule, index) => {
      const covering = sameName.find((other, location) => {
        if (other === rule || other.priority < rule.priority || !matchCovers(other.match, rule.match))
          return false;
        const same = other.priority === rule.priority && matchCovers(rule.match, other.match);
        return !same || location < index;
      });
      return covering === undefined || rule.family !== undefined
        ? []
        : [
            warning(
              rule.source,
              'link',
              `never needed: ${location(covering.source)} gives the same name to the same devices`,
            ),
          ];
    }),
  );
}

/** Finds rules of which a later rule sets every key, for at least the same devices. */
function shadowedAccess(access: readonly AccessRule[]): Diagnostic[] {
  return access.flatMap((rule, index) => {
    const keys = (['owner', 'fileGroup', 'mode'] as const).filter((key) => rule[key] !== undefined);
    const later = access
      .slice(index + 1)
      .find((other) => keys.every((key) => other[key] !== undefined) && matchCovers(other.match, rule.match));
    return later === undefined
      ? []
      : [
          warning(
            rule.source,
            'access',
            `never holds: ${location(later.source)} comes later and sets the same for these devices`,
          ),
        ];
  });
}

function warning(source: SourceLocation, key: string, message: string): Diagnostic {
  return { source, key, message };
}

function location(source: SourceLocation): string {
  return `${source.file}:${source.line}`;
}

/** Returns one error for each unknown name. If the machine has no accounts at all (an image without files), none. */
export function accountErrors(policy: Policy, accounts: Accounts): Diagnostic[] {
  const rules: readonly (Access & { readonly source: SourceLocation })[] = policy.iommu
    ? [...policy.accessRules, policy.iommu]
    : policy.accessRules;
  return rules.flatMap((rule) => {
    const table = rule === policy.iommu ? 'iommu' : 'access';
    return [
      ...checkName(rule.owner, 'user', accounts.users, rule.source, `${table}.owner`),
      ...checkName(rule.fileGroup, 'group', accounts.groups, rule.source, `${table}.group`),
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
  return [{ source, key, message: `no ${what} "${printable(name)}" on this machine`, hint }];
}
