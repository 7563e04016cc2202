import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { jsonKeys } from '../../../packaging/manual/words.ts';
import { commands } from '../../../src/cli/commands.ts';
import { factReaders } from '../../../src/devices/facts.ts';
import { schemaErrors } from '../../support/schema.ts';

const directory = new URL('../../../src/cli/schemas/', import.meta.url);
const names = readdirSync(directory).map((file) => file.replace(/\.json$/, ''));

interface Schema {
  readonly $schema: string;
  readonly title: string;
  readonly additionalProperties: boolean;
  readonly required: readonly string[];
  readonly properties: Record<string, unknown>;
  readonly $defs?: Record<string, { readonly properties: Record<string, unknown> }>;
}

function schemaOf(name: string): Schema {
  return JSON.parse(readFileSync(new URL(`${name}.json`, directory), 'utf8')) as Schema;
}

for (const name of names)
  test(`the schema of ${name} is JSON Schema 2020-12, closed and versioned, and rejects invalid documents`, (t) => {
    const schema = schemaOf(name);
    t.is(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    t.is(
      schema.title,
      name === 'error' ? 'vfio-names --json, of an error' : `vfio-names ${name.replace('-', ' ')} --json`,
    );
    t.false(schema.additionalProperties);
    t.true(schema.required.includes('version'));
    t.not(schemaErrors(name, {}).length, 0);
    t.not(schemaErrors(name, { version: 2 }).length, 0);
  });

/** exec prints nothing itself, and config schema prints a schema; both print the document of an error. */
const withoutDocument = ['exec', 'config schema'];

test('every command that prints a document has a schema, and every other schema is that of errors', (t) => {
  const printing = commands.map((command) => command.name).filter((name) => !withoutDocument.includes(name));
  t.deepEqual([...names].sort(), [...printing.map((name) => name.replace(' ', '-')), 'error'].sort());
});

for (const name of names)
  test(`every property in the schema of ${name} has a description`, (t) => {
    const missing: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, below] of Object.entries((value as Partial<Schema>).properties ?? {}))
        if (below !== false && typeof (below as { description?: unknown }).description !== 'string')
          missing.push(key);
      for (const [key, below] of Object.entries(value))
        if (!['if', 'then', 'else', 'allOf'].includes(key)) visit(below);
    };
    visit(schemaOf(name));
    t.deepEqual(missing, []);
  });

for (const name of ['list', 'show'])
  test(`the schema of ${name} has exactly the known facts`, (t) => {
    const { properties, $defs } = schemaOf(name);
    const { version, links, state, boundBy, findings, units, siblings, holders, incomplete, ...facts } =
      name === 'show' ? properties : ($defs?.['device']?.properties ?? {});
    t.truthy(links);
    t.truthy(state);
    t.is(boundBy === undefined, name === 'list');
    // In a document, the reason is a part of `cdev`.
    t.deepEqual(Object.keys(facts).concat('noCdevReason').sort(), Object.keys(factReaders).sort());
  });

/** The part of JSON Schema that our schemas use. */
interface VocabularySchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly items?: VocabularySchema;
  readonly properties?: Readonly<Record<string, VocabularySchema | false>>;
  readonly $defs?: Readonly<Record<string, VocabularySchema>>;
}

/** The shape of a value as text; `words` are the permitted values of an enum or a const. */
interface Shape {
  readonly text: string;
  readonly words?: readonly string[];
}

function shapeOf(whole: VocabularySchema, schema: VocabularySchema): Shape {
  if (schema.$ref !== undefined) {
    const target = whole.$defs?.[schema.$ref.replace('#/$defs/', '')];
    if (!target) throw new Error(`${schema.$ref} leads nowhere`);
    return shapeOf(whole, target);
  }
  if (schema.type === 'boolean' || typeof schema.const === 'boolean') return { text: 'boolean' };
  const words = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (words) return { text: 'one of', words: words.map((word) => JSON.stringify(word)) };
  if (schema.items) return { text: `array of ${JSON.stringify(shapeOf(whole, schema.items))}` };
  // The properties of an object are compared under their own keys.
  const { type, pattern, minimum, minLength } = schema;
  return { text: JSON.stringify(type === 'object' ? { type } : { type, pattern, minimum, minLength }) };
}

interface Use extends Shape {
  readonly where: string;
}

/** Every property of every schema by its key. */
function usesIn(
  schemas: Iterable<readonly [name: string, schema: VocabularySchema]>,
): ReadonlyMap<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const [name, whole] of schemas) {
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, below] of Object.entries((value as VocabularySchema).properties ?? {}))
        if (below !== false)
          uses.set(key, [...(uses.get(key) ?? []), { where: name, ...shapeOf(whole, below) }]);
      for (const below of Object.values(value)) visit(below);
    };
    visit(whole);
  }
  return uses;
}

/**
 * The uses of a key that do not match its widest use. An enum may have fewer values, and where another document permits any text,
 * it may have any texts; every other difference is reported.
 */
function mismatches(uses: readonly Use[]): readonly Use[] {
  const anyText = uses.find(({ text }) => text === JSON.stringify({ type: 'string' }));
  const widest = anyText ?? uses.reduce((a, b) => ((b.words?.length ?? 0) > (a.words?.length ?? 0) ? b : a));
  return uses.filter(({ text, words }) =>
    anyText && words
      ? words.some((word) => !word.startsWith('"'))
      : text !== widest.text || words?.some((word) => !widest.words?.includes(word)),
  );
}

function mismatchesIn(schemas: Iterable<readonly [name: string, schema: VocabularySchema]>): string[] {
  return [...usesIn(schemas)].flatMap(([key, uses]) =>
    mismatches(uses).map(({ where, text, words }) => `${key} of ${where}: ${text} ${words ?? ''}`),
  );
}

const schemaDirectory = new URL('../../../src/cli/schemas/', import.meta.url);
const published = readdirSync(schemaDirectory).map((file): [string, VocabularySchema] => [
  file.replace(/\.json$/, ''),
  JSON.parse(readFileSync(new URL(file, schemaDirectory), 'utf8')),
]);

test('a JSON key has the same shape in every document', (t) => {
  t.true(published.length > 10);
  t.deepEqual(mismatchesIn(published), []);
});

const text = { type: 'string' } as const;
const differing = test.macro({
  exec: (t, first: VocabularySchema, second: VocabularySchema, count: number) => {
    const [a, b] = [{ properties: { key: first } }, { properties: { key: second } }];
    t.is(mismatchesIn(Object.entries({ a, b })).length, count);
  },
  title: (what) => `the comparison of JSON shapes ${what}`,
});
test('reports another type', differing, text, { type: 'integer' }, 1);
test('reports another pattern', differing, text, { ...text, pattern: '^/' }, 1);
test('reports an array instead of a single value', differing, text, { type: 'array', items: text }, 1);
test('reports an array of another type', differing, { items: text }, { items: { type: 'integer' } }, 1);
test('reports an object instead of a string', differing, text, { type: 'object' }, 1);
test('reports an enum of numbers instead of any string', differing, text, { enum: [1] }, 1);
test('accepts an enum of strings instead of any string', differing, text, { enum: ['a'] }, 0);
test('reports other enum values', differing, { enum: ['a', 'b'] }, { enum: ['b', 'c'] }, 1);
test('accepts fewer enum values', differing, { enum: ['a', 'b'] }, { const: 'b' }, 0);
test(
  'accepts objects with other properties, which are compared by themselves',
  differing,
  { type: 'object' },
  { type: 'object', properties: { more: text } },
  0,
);

test('link, node, nodePath, directory and syspath have the same pattern in every document', (t) => {
  const shapes: Readonly<Record<string, string>> = {
    link: '^/dev/vfio/',
    node: '^(noiommu-)?vfio[0-9]+$',
    nodePath: '^/dev/(vfio/(devices/|(noiommu-)?[0-9]+$)|char/)',
    directory: '^/dev/vfio/',
    syspath: '^/sys/devices/',
  };
  const uses = usesIn(published);
  for (const [key, pattern] of Object.entries(shapes))
    t.is(uses.get(key)?.[0]?.text, JSON.stringify({ type: 'string', pattern }), key);
});

test('every JSON key in the manual exists in a schema', (t) => {
  const uses = usesIn(published);
  for (const [keys] of jsonKeys) for (const key of keys.split(', ')) t.true(uses.has(key), key);
});
