/** Fills the Handlebars templates of man pages and completions. */
import Handlebars from 'handlebars';
import { quoteFish, quoteZshArgument } from './quote.ts';
import { bold, italic, operandsOf, roff, verbatim } from './roff.ts';

/** The text of each template by its path below templates/, without `.hbs`: `manual/command`. */
export type Templates = Readonly<Record<string, string>>;

const helpers = { bold, italic, operandsOf, roff, verbatim, quoteFish, quoteZshArgument };

/** Fills the template `name` with `values`; every template is available as a partial. Throws if a template or a value is missing. */
export function fillTemplate(templates: Templates, name: string, values: object): string {
  const handlebars = Handlebars.create();
  for (const [helper, fn] of Object.entries(helpers))
    handlebars.registerHelper(helper, (text: unknown) => fn(String(text)));
  for (const [partial, text] of Object.entries(templates)) handlebars.registerPartial(partial, text);
  const text = templates[name];
  if (text === undefined) throw new Error(`there is no templates/${name}.hbs`);
  return handlebars.compile<object>(text, { strict: true, noEscape: true })(values);
}
