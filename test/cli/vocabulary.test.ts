import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { jsonWords } from '../../src/manual/words.ts';

/** JSON Schema, as far as ours use it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema | false>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** What a value is, in one text; `words` where it is one of a few. */
interface Shape {
  readonly text: string;
  readonly words?: readonly string[];
}

function shapeOf(whole: Schema, schema: Schema): Shape {
  if (schema.$ref !== undefined) {
    const target = whole.$defs?.[schema.$ref.replace('#/$defs/', '')];
    if (!target) throw new Error(`${schema.$ref} leads nowhere`);
    return shapeOf(whole, target);
  }
  if (schema.type === 'boolean' || typeof schema.const === 'boolean') return { text: 'boolean' };
  const words = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (words) return { text: 'one of', words: words.map((word) => JSON.stringify(word)) };
  if (schema.items) return { text: `array of ${JSON.stringify(shapeOf(whole, schema.items))}` };
  // The properties of an object have names of their own to be judged by.
  const { type, pattern, minimum, minLength } = schema;
  return { text: JSON.stringify(type === 'object' ? { type } : { type, pattern, minimum, minLength }) };
}

interface Use extends Shape {
  readonly where: string;
}

/** Every property of every schema, by its name. */
function usesIn(schemas: Iterable<readonly [name: string, schema: Schema]>): ReadonlyMap<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const [name, whole] of schemas) {
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, below] of Object.entries((value as Schema).properties ?? {}))
        if (below !== false)
          uses.set(key, [...(uses.get(key) ?? []), { where: name, ...shapeOf(whole, below) }]);
      for (const below of Object.values(value)) visit(below);
    };
    visit(whole);
  }
  return uses;
}

/** The uses of one name that are not like the widest one: a document may know fewer words, and nothing else. */
function strangers(uses: readonly Use[]): readonly Use[] {
  const widest = uses.reduce((a, b) => ((b.words?.length ?? 0) > (a.words?.length ?? 0) ? b : a));
  return uses.filter(
    ({ text, words }) => text !== widest.text || words?.some((word) => !widest.words?.includes(word)),
  );
}

function strangersIn(schemas: Iterable<readonly [name: string, schema: Schema]>): string[] {
  return [...usesIn(schemas)].flatMap(([key, uses]) =>
    strangers(uses).map(({ where, text, words }) => `${key} of ${where}: ${text} ${words ?? ''}`),
  );
}

const directory = new URL('../../src/cli/schemas/', import.meta.url);
const published = readdirSync(directory).map((file): [string, Schema] => [
  file.replace(/\.json$/, ''),
  JSON.parse(readFileSync(new URL(file, directory), 'utf8')),
]);

test('a key has the same shape in every document', (t) => {
  t.true(published.length > 10);
  t.deepEqual(strangersIn(published), []);
});

const text = { type: 'string' } as const;
const differing = test.macro({
  exec: (t, one: Schema, other: Schema, count: number) => {
    const [a, b] = [{ properties: { key: one } }, { properties: { key: other } }];
    t.is(strangersIn(Object.entries({ a, b })).length, count);
  },
  title: (what) => `the comparison of shapes sees ${what}`,
});
test('another type', differing, text, { type: 'integer' }, 1);
test('another pattern', differing, text, { ...text, pattern: '^/' }, 1);
test('a list in place of one', differing, text, { type: 'array', items: text }, 1);
test('a list of something else', differing, { items: text }, { items: { type: 'integer' } }, 1);
test('an object in place of a text', differing, text, { type: 'object' }, 1);
test('one of a few words in place of any text', differing, text, { enum: ['a'] }, 1);
test('other words', differing, { enum: ['a', 'b'] }, { enum: ['b', 'c'] }, 1);
test('fewer words as the same', differing, { enum: ['a', 'b'] }, { const: 'b' }, 0);
test(
  'objects as the same, whose properties are compared',
  differing,
  { type: 'object' },
  { type: 'object', properties: { more: text } },
  0,
);

test('what is a whole path, or the kernel’s word for a node, is it wherever it stands', (t) => {
  const shapes: Readonly<Record<string, string>> = {
    link: '^/dev/vfio/',
    node: '^(noiommu-)?vfio[0-9]+$',
    nodePath: '^/dev/(vfio/devices/|char/)',
    directory: '^/dev/vfio/',
    syspath: '^/sys/devices/',
  };
  const uses = usesIn(published);
  for (const [key, pattern] of Object.entries(shapes))
    t.is(uses.get(key)?.[0]?.text, JSON.stringify({ type: 'string', pattern }), key);
});

test('the manual names keys that there are', (t) => {
  const uses = usesIn(published);
  for (const [keys] of jsonWords) for (const key of keys.split(', ')) t.true(uses.has(key), key);
});
