/** The keys of a policy file, from its JSON Schema. Pure; knows no words of its own. */

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

export interface PolicyKey {
  /** As written: `link.name`. */
  readonly path: string;
  /** The table that holds it as the file writes it: `[names]`, `[[link]]`; absent for a key outside of tables. */
  readonly table?: string;
  /** Whether it is that table. */
  readonly isTable: boolean;
  readonly key: string;
}

/** The keys in the order of the schema, each table before what it holds; the facts of a match are not among them. */
export function policyKeysOf(schema: Schema): PolicyKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): PolicyKey[] => {
    const held = (value.items ?? value).properties;
    if (!held) return [{ path: key, key, isTable: false }];
    const table = value.items ? `[[${key}]]` : `[${key}]`;
    return [
      { path: key, key, table, isTable: true },
      ...Object.keys(held).map((name) => ({ path: `${key}.${name}`, key: name, table, isTable: false })),
    ];
  });
}

/** The facts that a match can ask for, with what the schema says of them. */
export function factsOf(schema: Schema): (readonly [fact: string, meaning: string])[] {
  return Object.entries(schema.$defs?.['match']?.properties ?? {})
    .filter(([name]) => name !== 'not')
    .map(([name, { description = '' }]) => [name, description] as const);
}
