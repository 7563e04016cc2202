/** Errors and warnings of a policy, and their one-line format. */

import { type Accounts, resolveAccount } from '../devices/accounts.ts';
import { exitStatus, VfioNamesError, withHint } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { matchCovers } from './match.ts';
import type { Access, AccessRule, BindRule, LinkRule, Policy, SourceLocation } from './policy.ts';

/** One error or warning. */
export interface Diagnostic {
  readonly source: SourceLocation;
  /** `link.match.vendor`; empty for an error about the whole file. */
  readonly key: string;
  /** What was expected and what was found; printable. */
  readonly message: string;
  /** What to write instead; printable. */
  readonly hint?: string | undefined;
  /** The line of a syntax error, and a line with a caret below the place; printable. */
  readonly excerpt?: readonly [string, string];
}

/** For each access rule and the `[iommu]` table, the line of each of its keys. */
export type AccessLines = ReadonlyMap<object, Readonly<Partial<Record<keyof Access, number>>>>;

/** Formats an error: `/etc/vfio-names/10-gpu.toml:4: link.match.vendor: expected ..., found ...; hint`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return withHint({ message: messageWithPlace(diagnostic), hint: diagnostic.hint });
}

/** `  2 | gpu = 01:00.0` and a line with a caret; empty for an error without an excerpt. */
export function formatExcerpt({ source, excerpt }: Diagnostic): string[] {
  if (excerpt === undefined) return [];
  const number = String(source.line).padStart(5);
  return [`${number} | ${excerpt[0]}`, `${' '.repeat(number.length)} | ${excerpt[1]}`];
}

/** A longer key is cut in messages. */
const MAX_KEY_LENGTH = 120;

function messageWithPlace({ source, key, message }: Diagnostic): string {
  const shownKey = key.length > MAX_KEY_LENGTH ? `${key.slice(0, MAX_KEY_LENGTH)}...` : key;
  return `${printable(source.file)}:${source.line}: ${key === '' ? '' : `${printable(shownKey)}: `}${message}`;
}

/** Sorts by the order in which the files are read, then by line. */
export function sortDiagnostics(errors: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const placeOf = ({ source }: Diagnostic): number => order.get(source.file) ?? files.length;
  return [...errors].sort((a, b) => placeOf(a) - placeOf(b) || a.source.line - b.source.line);
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

/** The number of pairs of rules that are compared; a policy of a thousand rules has fewer. */
const MAX_COMPARISONS = 500_000;

/** Returns one warning for each rule without effect. */
export function findShadowedRules(policy: Policy): Diagnostic[] {
  return [
    ...shadowedLinks(policy.linkRules),
    ...shadowedAccess(policy.accessRules),
    ...shadowedBinds(policy.bindRules),
  ];
}

/** Finds names that another rule gives to at least the same devices, with the same or a higher priority. */
function shadowedLinks(links: readonly LinkRule[]): Diagnostic[] {
  const byName = new Map<string, LinkRule[]>();
  for (const rule of links) {
    const key = JSON.stringify(rule.template);
    const sameName = byName.get(key);
    if (sameName) sameName.push(rule);
    else byName.set(key, [rule]);
  }
  let comparisons = 0;
  return [...byName.values()].flatMap((sameName) =>
    sameName.flatMap((rule, index) => {
      if (rule.family !== undefined || comparisons > MAX_COMPARISONS) return [];
      const covering = sameName.find((other, location) => {
        comparisons++;
        if (other === rule) return false;
        if (other.priority < rule.priority || !matchCovers(other.match, rule.match)) return false;
        const same = other.priority === rule.priority && matchCovers(rule.match, other.match);
        return !same || location < index;
      });
      return covering === undefined
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
  let comparisons = 0;
  return access.flatMap((rule, index) => {
    const keys = (['owner', 'fileGroup', 'mode'] as const).filter((key) => rule[key] !== undefined);
    let later: AccessRule | undefined;
    for (let next = index + 1; next < access.length && !later; next++) {
      if (++comparisons > MAX_COMPARISONS) break;
      const other = access[next];
      if (other && keys.every((key) => other[key] !== undefined) && matchCovers(other.match, rule.match))
        later = other;
    }
    return later === undefined
      ? []
      : [
          warning(
            rule.source,
            'access',
            `has no effect: ${location(later.source)} comes later and sets the same for these devices`,
          ),
        ];
  });
}

/** Finds rules for drivers that a later rule overrides, for at least the same devices. */
function shadowedBinds(binds: readonly BindRule[]): Diagnostic[] {
  let comparisons = 0;
  return binds.flatMap((rule, index) => {
    const later = binds.find(
      (other, place) =>
        place > index && ++comparisons <= MAX_COMPARISONS && matchCovers(other.match, rule.match),
    );
    return later === undefined
      ? []
      : [
          warning(
            rule.source,
            'bind',
            `has no effect: ${location(later.source)} comes later and ${later.driver === rule.driver ? 'gives these devices the same driver' : `gives these devices the driver ${later.driver}`}`,
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

/** The highest uid and gid of a system account, if /etc/login.defs does not say otherwise (SYS_UID_MAX). */
const MAX_SYSTEM_ID = 999;

/** Returns one error for each unknown name. If the machine has no accounts at all (an image without files), none. */
export function accountErrors(
  policy: Policy,
  accounts: Accounts,
  lines: AccessLines = new Map(),
): Diagnostic[] {
  const nearestName = remember((name: string, known: ReadonlyMap<string, number>) =>
    nearest(name, [...known.keys()]),
  );
  return accountUses(policy, accounts, lines).flatMap(({ name, what, known, source, key }) => {
    // A number out of range has an error of its own.
    if (known.size === 0 || /^\d+$/.test(name) || resolveAccount(known, name) !== undefined) return [];
    const near = nearestName(name, known);
    const hint = near === undefined ? 'create it, or write its number in quotes' : `did you mean "${near}"?`;
    return [{ source, key, message: `no ${what} "${printable(name)}" on this machine`, hint }];
  });
}

/**
 * Returns one warning for each account that is not a system account: udev 258 and 259 ignore OWNER and GROUP with such an
 * account, and later releases warn about it (NEWS of systemd 258 and 260).
 */
export function accountWarnings(
  policy: Policy,
  accounts: Accounts,
  lines: AccessLines = new Map(),
): Diagnostic[] {
  return accountUses(policy, accounts, lines).flatMap(({ name, what, known, source, key }) => {
    const id = resolveAccount(known, name);
    if (id === undefined || id <= MAX_SYSTEM_ID) return [];
    return [
      {
        source,
        key,
        message: `the ${what} "${printable(name)}" (${id}) is not a system account, so udev 258 and 259 ignore it`,
        hint: `use a ${what} with a number up to ${MAX_SYSTEM_ID} (${what}add --system)`,
      },
    ];
  });
}

/** A user or group that a rule names. */
interface AccountUse {
  readonly name: string;
  readonly what: 'user' | 'group';
  readonly known: ReadonlyMap<string, number>;
  readonly source: SourceLocation;
  readonly key: string;
}

function accountUses(policy: Policy, accounts: Accounts, lines: AccessLines): AccountUse[] {
  const rules: readonly (Access & { readonly source: SourceLocation })[] = policy.iommu
    ? [...policy.accessRules, policy.iommu]
    : policy.accessRules;
  return rules.flatMap((rule) => {
    const table = rule === policy.iommu ? 'iommu' : 'access';
    const use = (key: 'owner' | 'fileGroup', what: 'user' | 'group'): AccountUse[] => {
      const name = rule[key];
      const line = lines.get(rule)?.[key] ?? rule.source.line;
      const known = what === 'user' ? accounts.users : accounts.groups;
      const path = `${table}.${key === 'owner' ? 'owner' : 'group'}`;
      return name === undefined
        ? []
        : [{ name, what, known, source: { file: rule.source.file, line }, key: path }];
    };
    return [...use('owner', 'user'), ...use('fileGroup', 'group')];
  });
}

/** Calls `fn` once for each name and map. */
function remember<T>(
  fn: (name: string, known: ReadonlyMap<string, number>) => T,
): (name: string, known: ReadonlyMap<string, number>) => T {
  const results = new Map<ReadonlyMap<string, number>, Map<string, T>>();
  return (name, known) => {
    const byName = results.get(known) ?? new Map<string, T>();
    results.set(known, byName);
    const found = byName.get(name) ?? fn(name, known);
    byName.set(name, found);
    return found;
  };
}
