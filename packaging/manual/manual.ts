/** All man pages and completions that the build writes. */
import { commands, commonOptions } from '../../src/cli/commands.ts';
import schema from '../../src/policy/policy.schema.json' with { type: 'json' };
import { version } from '../../src/version.ts';
import { completions } from './completions.ts';
import type { Templates } from './fill.ts';
import { pages } from './pages.ts';

/** The text of each file by its path below dist/. `date` is the date of the pages, YYYY-MM-DD. */
export function manual(templates: Templates, date: string): ReadonlyMap<string, string> {
  const sources = { commands, common: commonOptions, schema, templates, version, date };
  return new Map([
    ...[...pages(sources)].map(([name, text]) => [`man/${name}`, text] as const),
    ...[...completions(sources)].map(([name, text]) => [`completions/${name}`, text] as const),
  ]);
}
