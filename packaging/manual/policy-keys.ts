/** Lists the keys of a policy file from its JSON Schema. */

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
  /** The table that contains the key, in TOML syntax: `[names]`, `[[link]]`; absent for a top-level key. */
  readonly table?: string;
  /** Whether the key is the table itself. */
  readonly isTable: boolean;
  readonly key: string;
  /** The second paragraph of its description; the first says what a value must be, as in messages. */
  readonly meaning: string | undefined;
}

const meaningOf = ({ description = '' }: Schema): string | undefined => description.split('\n\n')[1];

/** The keys in the order of the schema, each table before its keys; the facts of a match are not included. */
export function policyKeysOf(schema: Schema): PolicyKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): PolicyKey[] => {
    const members = (value.items ?? value).properties;
    const meaning = meaningOf(value);
    if (!members) return [{ path: key, key, isTable: false, meaning }];
    const table = value.items ? `[[${key}]]` : `[${key}]`;
    return [
      { path: key, key, table, isTable: true, meaning },
      ...Object.entries(members).map(([name, member]) => ({
        path: `${key}.${name}`,
        key: name,
        table,
        isTable: false,
        meaning: meaningOf(member),
      })),
    ];
  });
}

/** The facts that a match can test, with their descriptions from the schema. */
export function factsOf(schema: Schema): (readonly [fact: string, meaning: string])[] {
  return Object.entries(schema.$defs?.['match']?.properties ?? {})
    .filter(([name]) => name !== 'not')
    .map(([name, { description = '' }]) => [name, description] as const);
}
