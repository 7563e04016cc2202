/** Parses the text of a policy file and validates it against the schema. */

import { parseWithoutProcessing } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import { parse } from 'smol-toml';
import { knownBuses } from '../names/scheme.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Diagnostic } from './diagnostics.ts';
import { accessFacts } from './facts.ts';
import { aliasRule, booleanFamilies, familyRule } from './families.ts';
import type { PolicyText } from './files.ts';
import { isExact } from './glob.ts';
import { type KeyPath, keyLineFinder } from './line-numbers.ts';
import { parseMatch } from './match.ts';
import type { Access, AccessRule, Family, LinkRule, Match, SourceLocation } from './policy.ts';
import { type ParsedTemplate, parseTemplate } from './template.ts';
import { type SchemaError, validate } from './validate-policy.js';

interface SchemaDiagnostic {
  readonly path: KeyPath;
  readonly message: string;
  readonly hint?: string;
}

/** Returns one message for each error; omits errors that only repeat another one (`if`, `propertyNames`). */
function schemaDiagnostics(errors: readonly SchemaError[], document: unknown): SchemaDiagnostic[] {
  return errors.flatMap((error) => {
    const path = pathOf(error.instancePath, document);
    if (error.keyword === 'if' || error.keyword === 'propertyNames') return [];
    if (error.keyword === 'additionalProperties') {
      const key = String(error.params['additionalProperty']);
      return [
        { path: [...path, key], ...unknownKey(key, Object.keys(error.parentSchema?.properties ?? {})) },
      ];
    }
    if (error.keyword === 'required')
      return [{ path, message: `expected the key ${error.params['missingProperty']}, found none` }];
    const expected = `expected ${error.parentSchema?.description ?? 'something else'}`;
    const key = error.propertyName;
    const found = key === undefined ? describeValue(error.data) : `"${printable(key)}"`;
    return [{ path: key === undefined ? path : [...path, key], message: `${expected}; found ${found}` }];
  });
}

function unknownKey(key: string, known: readonly string[]): Pick<SchemaDiagnostic, 'message' | 'hint'> {
  if (known.includes('vendor') && accessFacts.some((fact) => fact === key))
    return { message: `[[access]] decides the ${key} of a node, so it can't be matched` };
  const near = nearest(key, known);
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${near}"?`;
  return { message: 'unknown key', hint };
}

/** Describes a value of the file, short enough for one line. */
function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return `"${printable(value.length > 60 ? `${value.slice(0, 60)}...` : value)}"`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value instanceof Date) return 'a date or time';
  return Object.keys(value ?? {}).length === 0 ? 'an empty table' : 'a table';
}

/** Converts a JSON pointer to keys; a step into a list becomes a number. */
function pathOf(pointer: string, document: unknown): KeyPath {
  let value = document;
  return pointer
    .split('/')
    .slice(1)
    .map((step) => {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const inList = Array.isArray(value);
      value = (value as Record<string, unknown> | undefined)?.[key];
      return inList ? Number(key) : key;
    });
}

type Table<T> = Readonly<Record<string, T>>;

/** A document that policy.schema.json accepts. */
interface PolicyContent {
  readonly scheme?: 1;
  readonly names?: Table<boolean | Table<Table<unknown>>>;
  readonly link?: readonly {
    readonly match?: Table<unknown>;
    readonly name: string;
    readonly priority?: number;
  }[];
  readonly access?: readonly (RawAccess & { readonly match?: Table<unknown> })[];
  readonly iommu?: RawAccess;
}

interface RawAccess {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}

/** One parsed file, with a function that locates its keys. */
interface PolicyDocument {
  readonly file: string;
  readonly content: PolicyContent;
  /** Creates an error about the key at `path`. */
  readonly errorAt: (path: KeyPath, message: string, hint?: string) => Diagnostic;
}

/** Parses one file; returns errors and no document if it is not UTF-8, not TOML, or does not match the schema. */
export function readDocument({
  file,
  text,
}: PolicyText): PolicyDocument | { readonly errors: readonly Diagnostic[] } {
  if (text.includes('\ufffd')) {
    const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
    return { errors: [{ source: { file, line }, key: '', message: 'expected UTF-8, found other bytes' }] };
  }
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    return { errors: [syntaxError(file, error)] };
  }
  const lineOf = keyLineFinder(text);
  const errorAt = (path: KeyPath, message: string, hint?: string): Diagnostic => ({
    source: { file, line: lineOf(path) },
    key: path.filter((step) => typeof step === 'string').join('.'),
    message,
    ...(hint !== undefined && { hint }),
  });
  if (validate(content)) return { file, content: content as PolicyContent, errorAt };
  const errors = schemaDiagnostics(validate.errors ?? [], content);
  return { errors: errors.map(({ path, message, hint }) => errorAt(path, message, hint)) };
}

function syntaxError(file: string, error: unknown): Diagnostic {
  const { line = 1, message = '' } = error as { line?: number; message?: string };
  const [first = ''] = message.replace(/^Invalid TOML document: /, '').split('\n');
  return { source: { file, line }, key: '', message: `bad TOML: ${printable(first)}` };
}

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

type RuleTable = Readonly<Record<string, unknown>>;

/** Converts a document to rules; errors are part of the result, and invalid parts are empty. */
export function parseRules(document: PolicyDocument): FileRules {
  const { content } = document;
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const source = (path: KeyPath): SourceLocation => document.errorAt(path, '').source;

  const match = (raw: RuleTable | undefined, path: KeyPath): Match => {
    const parsed = parseMatch(raw ?? {});
    for (const { key, message } of parsed.errors)
      errors.push(document.errorAt([...path, ...key.split('.')], message));
    for (const bus of unknownBuses(parsed.match)) {
      const near = nearest(bus, knownBuses);
      const hint = near === undefined ? knownBuses.join(', ') : `did you mean "${near}"?`;
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
  for (const family of booleanFamilies) {
    const value = content.names?.[family];
    const path = ['names', family];
    if (value !== undefined)
      addSetting(path, String(value), value ? familyRule(family, source(path)) : undefined);
  }
  const aliasFamily: Family = 'by-alias';
  for (const [alias, raw] of Object.entries(content.names?.[aliasFamily] ?? {})) {
    const path = ['names', aliasFamily, alias];
    const rule = aliasRule(alias, match(raw as RuleTable, path), source(path));
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
    .flatMap((condition) => condition.patterns.filter((bus) => isExact(bus) && !known.includes(bus)));
}
