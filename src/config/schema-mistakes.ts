/** Converts ajv's errors to messages; the descriptions in the schema say what was expected. */
import { accessFacts } from '../names/match-facts.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { KeyPath } from './locate.ts';
import type { SchemaError } from './validate-policy.js';

export interface SchemaDiagnostic {
  readonly path: KeyPath;
  readonly message: string;
}

/** Returns one message for each error; omits errors that only repeat another one (`if`, `propertyNames`). */
export function schemaDiagnostics(errors: readonly SchemaError[], document: unknown): SchemaDiagnostic[] {
  return errors.flatMap((error) => {
    const path = pathOf(error.instancePath, document);
    if (error.keyword === 'if' || error.keyword === 'propertyNames') return [];
    if (error.keyword === 'additionalProperties') {
      const key = String(error.params['additionalProperty']);
      return [
        { path: [...path, key], message: unknownKey(key, Object.keys(error.parentSchema?.properties ?? {})) },
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

function unknownKey(key: string, known: readonly string[]): string {
  if (known.includes('vendor') && accessFacts.some((fact) => fact === key))
    return `[[access]] decides the ${key} of a node, so it can't be matched`;
  const near = nearest(key, known);
  return near === undefined
    ? `unknown key; expected one of ${known.join(', ')}`
    : `unknown key; did you mean "${near}"?`;
}

/** Describes a value of the file, short enough for one line. */
export function describeValue(value: unknown): string {
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
