/** Validates the output of --json against the published schemas. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ExecutionContext } from 'ava';

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
const compiled = new Map<string, ValidateFunction>();

function validatorOf(name: string): ValidateFunction {
  const cached = compiled.get(name);
  if (cached) return cached;
  const path = new URL(`../../src/cli/schemas/${name}.json`, import.meta.url);
  const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));
  compiled.set(name, validate);
  return validate;
}

/** Returns the violations of src/cli/schemas/NAME.json, one line each; empty if the document is valid. */
export function schemaErrors(name: string, document: unknown): string[] {
  const validate = validatorOf(name);
  if (validate(document)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`);
}

/** Parses the output of `vfio-names NAME --json`, asserts that it is valid, and returns the document. */
export function validJson<T = Record<string, unknown>>(t: ExecutionContext, name: string, out: string): T {
  const document = JSON.parse(out) as T;
  t.deepEqual(schemaErrors(name, document), [], `${name} --json does not fit its schema`);
  return document;
}
