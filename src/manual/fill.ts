/** Templates of pages and completions, filled with what the table says. Knows no table and no shell. */
import Handlebars from 'handlebars';
import { quoteFish, quoteZshArgument } from './quote.ts';
import { bold, italic, operandsOf, roff, verbatim } from './roff.ts';

/** The text of each template by its path below templates/, without `.hbs`: `manual/command`. */
export type Templates = Readonly<Record<string, string>>;

const helpers = { bold, italic, operandsOf, roff, verbatim, quoteFish, quoteZshArgument };

/** A template with its values; every other template is there as a partial. Throws for a value that is missing. */
export function fill(templates: Templates, name: string, values: object): string {
  const handlebars = Handlebars.create();
  for (const [helper, act] of Object.entries(helpers))
    handlebars.registerHelper(helper, (text: unknown) => act(String(text)));
  for (const [partial, text] of Object.entries(templates)) handlebars.registerPartial(partial, text);
  const text = templates[name];
  if (text === undefined) throw new Error(`there is no templates/${name}.hbs`);
  return handlebars.compile<object>(text, { strict: true, noEscape: true })(values);
}
