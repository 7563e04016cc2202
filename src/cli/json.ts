/** One JSON document a command: `version` first, so that programs can tell what they read. Pure. */

/** Two spaces, a newline at the end; absent values are left out, as JSON.stringify does. */
export function jsonDocument(content: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ version: 1, ...content }, undefined, 2)}\n`;
}
