/** The types of validate-policy.js, which packaging/npm/generate.mjs makes from policy.schema.json with ajv. */

export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer of the value: `/link/0/match/vendor`. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema that the value broke; its description says what was expected. */
  readonly parentSchema?: {
    readonly description?: string;
    readonly properties?: Readonly<Record<string, unknown>>;
  };
  readonly data?: unknown;
  /** Set where a key, not a value, is wrong. */
  readonly propertyName?: string;
}

export const validate: ((data: unknown) => boolean) & { errors?: readonly SchemaError[] | null };
