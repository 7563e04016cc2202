/** The JSON document that a command prints with --json. */

/** The document with `version` as its first key, indented by two spaces, with a final newline; `undefined` values are omitted. */
export function jsonDocument(content: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ version: 1, ...content }, undefined, 2)}\n`;
}
