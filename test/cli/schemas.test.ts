import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { commands } from '../../src/cli/commands.ts';
import { factReaders } from '../../src/devices/facts.ts';
import { schemaErrors } from '../helpers/schema.ts';

const directory = new URL('../../src/cli/schemas/', import.meta.url);
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
    t.is(schema.title, `vfio-names ${name.replace('-', ' ')} --json`);
    t.false(schema.additionalProperties);
    t.true(schema.required.includes('version'));
    t.not(schemaErrors(name, {}).length, 0);
    t.not(schemaErrors(name, { version: 2 }).length, 0);
  });

test('every schema belongs to a command', (t) => {
  const known = new Set(commands.map((command) => command.name.replace(' ', '-')));
  t.deepEqual(
    names.filter((name) => !known.has(name)),
    [],
  );
});

for (const name of ['list', 'show'])
  test(`the schema of ${name} has exactly the known facts`, (t) => {
    const { properties, $defs } = schemaOf(name);
    const { version, links, state, units, siblings, holders, unseen, ...facts } =
      name === 'show' ? properties : ($defs?.['device']?.properties ?? {});
    t.truthy(links);
    t.truthy(state);
    t.deepEqual(Object.keys(facts).sort(), Object.keys(factReaders).sort());
  });
