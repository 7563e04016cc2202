/** Converts the content of a policy file to rules. */

import { parseWithoutProcessing } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import { MAX_ID, parseId } from '../devices/accounts.ts';
import type { GroupNames } from '../names/groups.ts';
import { knownBuses } from '../names/scheme.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { bindProblems, bindRule, driverOfModule } from './bind.ts';
import type { AccessLines, Diagnostic } from './diagnostics.ts';
import type { PolicyDocument, RawAccess } from './document.ts';
import { aliasRule, booleanFamilies, familyRule } from './families.ts';
import { isExact } from './glob.ts';
import type { KeyPath } from './line-numbers.ts';
import { parseMatch } from './match.ts';
import { matchOfName } from './named-device.ts';
import { matchesOneOf } from './pattern-forms.ts';
import { patternWarning } from './pattern-habits.ts';
import type { Access, AccessRule, BindRule, Family, LinkRule, Match, SourceLocation } from './policy.ts';
import { type ParsedTemplate, parseTemplate } from './template.ts';

/** A setting or table entry that a later file may override, by its key: `names.by-path`. */
export interface Setting {
  readonly key: string;
  /** The value as text, for output. */
  readonly value: string;
  readonly source: SourceLocation;
}

/** The rules, settings, errors and warnings of one file. */
export interface FileRules {
  readonly settings: readonly Setting[];
  /** The rules of families and aliases by the key of their setting; `undefined` for a disabled family. */
  readonly families: ReadonlyMap<string, LinkRule | undefined>;
  readonly links: readonly LinkRule[];
  readonly access: readonly AccessRule[];
  readonly binds: readonly BindRule[];
  readonly iommu?: Access & { readonly source: SourceLocation };
  /** The keys about groups that the file sets. */
  readonly groups: Partial<GroupNames>;
  readonly accessLines: AccessLines;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

type RuleTable = Readonly<Record<string, unknown>>;

/** Converts a document to rules; errors are part of the result, and invalid parts are empty. */
export function parseRules(document: PolicyDocument): FileRules {
  const { content } = document;
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const source = (path: KeyPath): SourceLocation => document.errorAt(path, '').source;

  const match = (raw: RuleTable | undefined, path: KeyPath): Match => {
    const parsed = parseMatch(raw ?? {});
    const diagnosticOf = ({ key, index, message, hint }: (typeof parsed.errors)[number]): Diagnostic =>
      document.errorAt([...path, ...key.split('.'), ...(index === undefined ? [] : [index])], message, hint);
    for (const error of parsed.errors) errors.push(diagnosticOf(error));
    for (const warning of parsed.warnings) warnings.push(diagnosticOf(warning));
    for (const bus of unknownBuses(parsed.match)) {
      const near = nearest(bus, knownBuses);
      const hint = near === undefined ? `use one of ${knownBuses.join(', ')}` : `did you mean "${near}"?`;
      warnings.push(
        document.errorAt([...path, 'bus'], `no bus "${printable(bus)}" is known to have VFIO devices`, hint),
      );
    }
    return parsed.match;
  };

  const settings: Setting[] = [];
  const families = new Map<string, LinkRule | undefined>();
  const addSetting = (path: readonly string[], value: string, rule?: LinkRule): void => {
    settings.push({ key: path.join('.'), value, source: source(path) });
    if (path[0] === 'names') families.set(path.join('.'), rule);
  };
  if (content.scheme !== undefined) addSetting(['scheme'], String(content.scheme));
  const { groups: enabled, 'group-links': policyLinks } = content.names ?? {};
  if (enabled !== undefined) addSetting(['names', 'groups'], String(enabled));
  if (policyLinks !== undefined) addSetting(['names', 'group-links'], String(policyLinks));
  for (const family of booleanFamilies) {
    const value = content.names?.[family];
    const path = ['names', family];
    if (value !== undefined)
      addSetting(path, String(value), value ? familyRule(family, source(path)) : undefined);
  }
  const aliasFamily: Family = 'by-alias';
  for (const [alias, raw] of Object.entries(content.names?.[aliasFamily] ?? {})) {
    const path = ['names', aliasFamily, alias];
    const named = typeof raw === 'string' ? matchOfName(raw) : { match: raw as RuleTable };
    if ('message' in named) {
      errors.push(document.errorAt(path, named.message, named.hint));
      continue;
    }
    const rule = aliasRule(alias, match(named.match, path), source(path));
    if (rule.match.length === 0)
      errors.push(document.errorAt(path, 'expected a match that means one device, found an empty table'));
    addSetting(path, '', rule);
  }

  const links = (content.link ?? []).map((raw, index): LinkRule => {
    const path = ['link', index];
    const name = nameOf(raw.name);
    if ('problem' in name) errors.push(document.errorAt([...path, 'name'], name.problem, name.hint));
    return {
      match: match(raw.match, [...path, 'match']),
      template: 'parts' in name ? name.parts : [],
      priority: raw.priority ?? 0,
      source: source(path),
    };
  });

  const accessLines = new Map<object, Readonly<Partial<Record<keyof Access, number>>>>();
  const linesOf = (path: KeyPath) => ({
    owner: source([...path, 'owner']).line,
    fileGroup: source([...path, 'group']).line,
    mode: source([...path, 'mode']).line,
  });
  const checkIds = (raw: RawAccess, path: KeyPath): void => {
    for (const key of ['owner', 'group'] as const) {
      const id = raw[key];
      if (id !== undefined && /^\d+$/.test(id) && parseId(id) === undefined)
        errors.push(
          document.errorAt([...path, key], `expected a number from 0 to ${MAX_ID}, found ${printable(id)}`),
        );
    }
  };
  const access = (content.access ?? []).map((raw, index): AccessRule => {
    const path = ['access', index];
    const access = accessOf(raw);
    checkIds(raw, path);
    if (Object.keys(access).length === 0)
      errors.push(document.errorAt(path, 'expected at least one of owner, group and mode, found none'));
    const rule = { match: match(raw.match, [...path, 'match']), ...access, source: source(path) };
    accessLines.set(rule, linesOf(path));
    return rule;
  });
  const binds = (content.bind ?? []).map((raw, index): BindRule => {
    const path = ['bind', index];
    // Without a bus, every fact belongs to PCI.
    const given = { bus: 'pci', ...raw.match };
    const parsed = match(given, [...path, 'match']);
    for (const { key, message, hint } of bindProblems(parsed))
      errors.push(document.errorAt([...path, 'match', ...key], message, hint));
    const meant = driverOfModule(raw.driver ?? '');
    if (meant !== undefined)
      errors.push(
        document.errorAt(
          [...path, 'driver'],
          `${raw.driver} is the name of a module, not of its driver`,
          `write "${meant}"`,
        ),
      );
    return bindRule(parsed, raw.driver, source(path));
  });
  if (content.iommu) checkIds(content.iommu, ['iommu']);
  const iommu = content.iommu && { ...accessOf(content.iommu), source: source(['iommu']) };
  if (iommu) accessLines.set(iommu, linesOf(['iommu']));
  const groups = {
    ...(enabled !== undefined && { enabled }),
    ...(policyLinks !== undefined && { policyLinks }),
  };
  return {
    settings,
    families,
    links,
    access,
    binds,
    ...(iommu && { iommu }),
    groups,
    accessLines,
    errors,
    warnings,
  };
}

/** Longer than any name: the parser takes quadratic time for nested helpers. */
const MAX_TEMPLATE = 4096;

/** Parses a template. Replaces Handlebars' message, which has four lines and lists symbols of its grammar. */
function nameOf(text: string): ParsedTemplate {
  if (text.length > MAX_TEMPLATE)
    return { problem: `expected a name of at most ${MAX_TEMPLATE} characters, found ${text.length}` };
  try {
    return parseTemplate(parseWithoutProcessing(text).body);
  } catch {
    const found = printable(text.length > 80 ? `${text.slice(0, 80)}...` : text);
    return { problem: `expected text with facts such as {{name}}, found braces that don't fit: "${found}"` };
  }
}

function accessOf({ owner, group: fileGroup, mode }: RawAccess): Access {
  return {
    ...(owner !== undefined && { owner }),
    ...(fileGroup !== undefined && { fileGroup }),
    ...(mode !== undefined && { mode: mode.padStart(4, '0') }),
  };
}

function unknownBuses(match: Match): string[] {
  const known: readonly string[] = knownBuses;
  return match
    .filter((condition) => condition.fact === 'bus')
    .flatMap((condition) =>
      condition.patterns.filter(
        (bus) =>
          patternWarning('bus', bus) === undefined &&
          (isExact(bus) ? !known.includes(bus) : !matchesOneOf(bus, known)),
      ),
    );
}
