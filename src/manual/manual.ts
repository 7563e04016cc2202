/** Everything that the build writes for people who ask man and the shell: its path below dist/, and its text. Pure. */
import { commands, commonOptions } from '../cli/commands.ts';
import { version } from '../cli/version.ts';
import schema from '../config/policy.schema.json' with { type: 'json' };
import { completions } from './completions.ts';
import type { Templates } from './fill.ts';
import { pages } from './pages.ts';

/** `date` is that of the pages, YYYY-MM-DD. */
export function manual(templates: Templates, date: string): ReadonlyMap<string, string> {
  const sources = { commands, common: commonOptions, schema, templates, version, date };
  return new Map([
    ...[...pages(sources)].map(([name, text]) => [`man/${name}`, text] as const),
    ...[...completions(sources)].map(([name, text]) => [`completions/${name}`, text] as const),
  ]);
}
