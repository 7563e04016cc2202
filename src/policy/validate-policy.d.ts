/** The types of validate-policy.js, which packaging/npm/generate.mjs generates from policy.schema.json with ajv. */

export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer of the value: `/link/0/match/vendor`. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema that the value does not match; its description, of which the first line is left, says what was expected. */
  readonly parentSchema?: {
    readonly description?: string;
    readonly properties?: Readonly<Record<string, unknown>>;
  };
  readonly data?: unknown;
  /** Set if a key is wrong, not a value. */
  readonly propertyName?: string;
}

export const validate: ((data: unknown) => boolean) & { errors?: readonly SchemaError[] | null };
