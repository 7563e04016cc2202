/** Parses the text of one policy file and validates it against the schema. */

import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Diagnostic } from './diagnostics.ts';
import { accessFacts, matchFacts } from './facts.ts';
import type { PolicyText } from './files.ts';
import { type KeyPath, keyLineFinder, lineOfDeepKey, MAX_KEY_PARTS } from './line-numbers.ts';
import { parseTolerantly } from './tolerant-toml.ts';
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
    if (path.join('.') === 'iommu' && Array.isArray(error.data))
      return [{ path, message: 'expected one table, found a list', hint: 'write [iommu]' }];
    const key = error.propertyName;
    const found = key === undefined ? describeValue(error.data) : `"${printable(key)}"`;
    return [
      {
        path: key === undefined ? path : [...path, key],
        message: `${expected}; found ${found}`,
      },
    ];
  });
}

/** What to write for a key that people expect at another place. */
function misplacedKey(key: string, known: readonly string[]): string | undefined {
  if (known.includes('scheme') && /^alias(es)?$/.test(key)) return 'aliases are in [names.by-alias]';
  if (known.includes('vendor') && /^ids?$/.test(key)) return 'write vendor = "0x10de", device = "0x2684"';
  if (known.includes('owner') && key === 'user') return 'did you mean "owner"?';
  if (known.includes('match') && matchFacts.some((fact) => fact === key))
    return `facts are in the match: match = { ${key} = ... }`;
  return undefined;
}

function unknownKey(key: string, known: readonly string[]): Pick<SchemaDiagnostic, 'message' | 'hint'> {
  if (known.includes('vendor') && accessFacts.some((fact) => fact === key))
    return { message: `[[access]] decides the ${key} of a node, so it cannot be matched` };
  const advice = misplacedKey(key, known);
  if (advice !== undefined) return { message: 'unknown key', hint: advice };
  // All families begin with by-, so that by-mac would be near to by-tag.
  const family = known.includes('by-tag') ? /^by[-_]?(.*)$/s.exec(key)?.[1] : undefined;
  const nearFamily =
    family === undefined
      ? undefined
      : nearest(
          family,
          known.map((name) => name.replace(/^by-/, '')),
        );
  const near = family === undefined ? nearest(key, known) : nearFamily && `by-${nearFamily}`;
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
export interface PolicyContent {
  readonly scheme?: 1;
  readonly names?: Table<boolean | Table<Table<unknown>>> & {
    readonly groups?: boolean | 'auto';
    readonly 'group-links'?: boolean;
  };
  readonly link?: readonly {
    readonly match?: Table<unknown>;
    readonly name: string;
    readonly priority?: number;
  }[];
  readonly access?: readonly (RawAccess & { readonly match?: Table<unknown> })[];
  readonly bind?: readonly { readonly match: Table<unknown>; readonly driver?: string }[];
  readonly iommu?: RawAccess;
}

export interface RawAccess {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}

/** One parsed file, with a function that locates its keys. */
export interface PolicyDocument {
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
  const errorOnLine = (line: number, message: string): Diagnostic => ({
    source: { file, line },
    key: '',
    message,
  });
  if (text.includes('\ufffd')) {
    const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
    return { errors: [errorOnLine(line, 'expected UTF-8, found other bytes')] };
  }
  // The parser takes quadratic time for keys of many parts.
  const deepLine = lineOfDeepKey(text);
  if (deepLine !== undefined)
    return {
      errors: [errorOnLine(deepLine, `expected a key of at most ${MAX_KEY_PARTS} parts, found more`)],
    };
  const parsed = parseTolerantly(text);
  const lineOf = keyLineFinder(parsed.text);
  const errorAt = (path: KeyPath, message: string, hint?: string): Diagnostic => ({
    source: { file, line: lineOf(path) },
    key: path.filter((step) => typeof step === 'string').join('.'),
    message,
    ...(hint !== undefined && { hint }),
  });
  const syntaxErrors = parsed.errors.map(({ line, message, hint, excerpt }) => ({
    ...errorOnLine(line, message),
    ...(hint !== undefined && { hint }),
    excerpt,
  }));
  if (validate(parsed.content))
    return syntaxErrors.length > 0
      ? { errors: syntaxErrors }
      : { file, content: parsed.content as PolicyContent, errorAt };
  const errors = schemaDiagnostics((validate.errors ?? []).slice(0, MAX_SCHEMA_ERRORS), parsed.content).map(
    ({ path, message, hint }) => errorAt(path, message, hint),
  );
  // A table with a syntax error is incomplete, so that other errors about it can be wrong.
  const isReliable = ({ source }: Diagnostic): boolean => !parsed.skips(source.line);
  return { errors: [...syntaxErrors, ...errors.filter(isReliable)] };
}

/** Of a file with more errors, the first ones are reported. */
const MAX_SCHEMA_ERRORS = 1000;
