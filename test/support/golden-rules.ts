/** Compares a text with a file in test/golden; with UPDATE_GOLDEN=1, writes the file first. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';

export function golden(t: ExecutionContext, name: string, text: string): void {
  const path = join(import.meta.dirname, '../golden/rules', name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, text);
  }
  t.is(text, fs.readFileSync(path, 'utf8'));
}
