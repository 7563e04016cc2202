// Copies the JSON Schemas that packages contain: those of --json, and that of a policy.
import { cpSync } from 'node:fs';

export function copySchemas(directory) {
  cpSync('src/cli/schemas', directory, { recursive: true });
  cpSync('src/policy/policy.schema.json', `${directory}/config-policy.json`);
}
