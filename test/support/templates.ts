/** Reads the templates of the manual and the completions as the build does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Templates } from '../../packaging/manual/fill.ts';

const directory = resolve(import.meta.dirname, '../../templates');

export const templates: Templates = Object.fromEntries(
  ['manual', 'completions'].flatMap((folder) =>
    readdirSync(join(directory, folder)).map((name) => [
      `${folder}/${name.replace(/\.hbs$/, '')}`,
      readFileSync(join(directory, folder, name), 'utf8'),
    ]),
  ),
);
