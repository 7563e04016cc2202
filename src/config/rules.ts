/** Converts one validated document to its rules, and collects its errors and warnings. */
import { parseWithoutProcessing } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import { aliasRule, booleanFamilies, familyRule } from '../names/families.ts';
import { isExact } from '../names/glob.ts';
import { parseMatch } from '../names/match-parse.ts';
import { knownBuses } from '../names/scheme.ts';
import { type ParsedTemplate, parseTemplate } from '../names/template-parse.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { PolicyDocument, RawAccess } from './document.ts';
import type { KeyPath } from './locate.ts';
import type { Diagnostic } from './mistake.ts';
import type { Access, AccessRule, Family, LinkRule, Match, SourceLocation } from './policy.ts';

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
  readonly iommu?: Access & { readonly source: SourceLocation };
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

type Table = Readonly<Record<string, unknown>>;

/** Converts a document to rules; errors are collected in `mistakes`, and invalid parts are empty. */
export function parseRules(document: PolicyDocument): FileRules {
  const { content } = document;
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const source = (path: KeyPath): SourceLocation => document.errorAt(path, '').source;

  const match = (raw: Table | undefined, path: KeyPath): Match => {
    const parsed = parseMatch(raw ?? {});
    for (const { key, message } of parsed.errors)
      errors.push(document.errorAt([...path, ...key.split('.')], message));
    for (const bus of unknownBuses(parsed.match)) {
      const near = nearest(bus, knownBuses);
      const hint = near === undefined ? knownBuses.join(', ') : `did you mean "${near}"?`;
      warnings.push(
        document.errorAt(
          [...path, 'bus'],
          `no bus "${printable(bus)}" is known to have VFIO devices; ${hint}`,
        ),
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
  for (const family of booleanFamilies) {
    const value = content.names?.[family];
    const path = ['names', family];
    if (value !== undefined)
      addSetting(path, String(value), value ? familyRule(family, source(path)) : undefined);
  }
  const aliasFamily: Family = 'by-alias';
  for (const [alias, raw] of Object.entries(content.names?.[aliasFamily] ?? {})) {
    const path = ['names', aliasFamily, alias];
    const rule = aliasRule(alias, match(raw as Table, path), source(path));
    if (rule.match.length === 0)
      errors.push(document.errorAt(path, 'expected a match that means one device, found an empty table'));
    addSetting(path, '', rule);
  }

  const links = (content.link ?? []).map((raw, index): LinkRule => {
    const path = ['link', index];
    const name = nameOf(raw.name);
    if ('problem' in name) errors.push(document.errorAt([...path, 'name'], name.problem));
    return {
      match: match(raw.match, [...path, 'match']),
      name: 'parts' in name ? name.parts : [],
      priority: raw.priority ?? 0,
      source: source(path),
    };
  });

  const access = (content.access ?? []).map((raw, index): AccessRule => {
    const path = ['access', index];
    const access = accessOf(raw);
    if (Object.keys(access).length === 0)
      errors.push(document.errorAt(path, 'expected at least one of owner, group and mode, found none'));
    return { match: match(raw.match, [...path, 'match']), ...access, source: source(path) };
  });
  const iommu = content.iommu && { ...accessOf(content.iommu), source: source(['iommu']) };
  return { settings, families, links, access, ...(iommu && { iommu }), errors, warnings };
}

/** Parses a template. Replaces Handlebars' message, which has four lines and lists symbols of its grammar. */
function nameOf(text: string): ParsedTemplate {
  try {
    return parseTemplate(parseWithoutProcessing(text).body);
  } catch {
    const found = printable(text.length > 80 ? `${text.slice(0, 80)}...` : text);
    return { problem: `expected text with facts such as {{name}}, found braces that don't fit: "${found}"` };
  }
}

function accessOf({ owner, group, mode }: RawAccess): Access {
  return {
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(mode !== undefined && { mode: mode.padStart(4, '0') }),
  };
}

function unknownBuses(match: Match): string[] {
  const known: readonly string[] = knownBuses;
  return match
    .filter((condition) => condition.fact === 'bus')
    .flatMap((condition) => condition.patterns.filter((bus) => isExact(bus) && !known.includes(bus)));
}
