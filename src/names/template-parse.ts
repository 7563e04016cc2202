/**
 * From a name's Handlebars syntax tree to its parts: facts and the helpers lower, pad and replace, nothing else.
 * Pure; the tree comes from the caller, so Handlebars is not needed here.
 */
import type { NamePart, Transform } from '../config/policy.ts';
import type { FactName } from '../devices/device.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { decidedFacts, matchFacts } from './match-facts.ts';
import { fixedTextProblem } from './template-text.ts';

/** What is read of a node of the tree (Handlebars' AST, docs/compiler-api.md). */
export interface TemplateNode {
  readonly type: string;
  readonly value?: unknown;
  readonly escaped?: boolean;
  readonly strip?: { readonly open: boolean; readonly close: boolean };
  readonly path?: TemplateNode;
  readonly params?: readonly TemplateNode[];
  readonly hash?: unknown;
  readonly parts?: readonly unknown[];
  readonly original?: unknown;
}

/** The parts, or one line of what is wrong. */
export type ParsedName = { readonly parts: readonly NamePart[] } | { readonly problem: string };

/** A template's mistake, thrown inside this file only. */
class Mistake extends Error {}

const helpers = ['lower', 'pad', 'replace'] as const;

/** Reads the statements of a whole template and checks the path that they will make, as far as its fixed text tells. */
export function parseName(body: readonly TemplateNode[]): ParsedName {
  try {
    const parts = body.map(partOf);
    const problem = fixedTextProblem(parts);
    return problem === undefined ? { parts } : { problem };
  } catch (error) {
    if (error instanceof Mistake) return { problem: error.message };
    throw error;
  }
}

function partOf(node: TemplateNode): NamePart {
  if (node.type === 'ContentStatement') return { text: String(node.value) };
  if (node.type !== 'MustacheStatement')
    throw new Mistake(
      'expected only text, facts {{fact}} and helpers {{lower fact}}, found a block, partial or comment',
    );
  if (node.escaped === false)
    throw new Mistake('expected {{fact}}, found {{{...}}} or {{&...}}; two braces are enough');
  if (node.strip?.open || node.strip?.close)
    throw new Mistake('expected {{fact}}, found {{~...}}; leave the ~ out');
  const { fact, apply } = expression(node);
  return apply.length === 0 ? { fact } : { fact, apply };
}

interface Applied {
  readonly fact: FactName;
  readonly apply: readonly Transform[];
}

/** `{{fact}}`, `{{helper ...}}`, `(helper ...)`. */
function expression(node: TemplateNode): Applied {
  const params = node.params ?? [];
  if (node.hash) throw new Mistake('expected values in order, such as {{pad vf 3}}, found name=value');
  if (node.type === 'PathExpression') return { fact: factOf(node), apply: [] };
  if (node.type !== 'MustacheStatement' && node.type !== 'SubExpression') throw literal(node);
  if (node.path?.type !== 'PathExpression') throw literal(node.path);
  const word = wordOf(node.path);
  const helper = helpers.find((name) => name === word);
  if (params.length === 0 && node.type === 'MustacheStatement' && !helper) return expression(node.path);
  if (!helper) throw new Mistake(unknown('helper', word, helpers));
  const [subject, ...values] = params;
  if (!subject) throw new Mistake(`expected ${usage[helper]}, found {{${helper}}}`);
  const { fact, apply } = expression(subject);
  return { fact, apply: [...apply, transformOf(helper, values)] };
}

const usage = {
  lower: '{{lower fact}}',
  pad: '{{pad fact 3}} with a width from 1 to 255',
  replace: '{{replace fact "from" "to"}} with a "from" that is not empty',
} as const;

function transformOf(helper: (typeof helpers)[number], values: readonly TemplateNode[]): Transform {
  // Only literals have a value; a fact or a helper in their place has none.
  const [first, second] = values.map(({ value }) => value);
  if (helper === 'lower' && values.length === 0) return { kind: 'lower' };
  if (helper === 'pad' && values.length === 1 && isWidth(first)) return { kind: 'pad', width: first };
  if (
    helper === 'replace' &&
    values.length === 2 &&
    typeof first === 'string' &&
    typeof second === 'string'
  ) {
    if (/["'\\{}\u0000-\u001f]/.test(first + second))
      throw new Mistake('replace takes texts without quotes, braces, backslashes and control characters');
    if (first !== '') return { kind: 'replace', from: first, to: second };
  }
  throw new Mistake(`expected ${usage[helper]}`);
}

function isWidth(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 255;
}

/** The single word of a path; `this`, `../x`, `a.b` and `@x` are none. */
function wordOf(path: TemplateNode): string {
  const word = path.parts?.[0];
  if (typeof word !== 'string' || word !== path.original)
    throw new Mistake(`expected the name of a fact, found "${printable(String(path.original))}"`);
  return word;
}

function factOf(path: TemplateNode): FactName {
  const word = wordOf(path);
  const fact = matchFacts.find((name) => name === word);
  if (fact) return fact;
  if (decidedFacts.some((name) => name === word))
    throw new Mistake(`"${word}" can't be in a name: [[access]] decides it`);
  if (helpers.some((name) => name === word))
    throw new Mistake(`expected a fact, found the helper ${word} alone`);
  throw new Mistake(unknown('fact', word, matchFacts));
}

function unknown(what: string, word: string, choices: readonly string[]): string {
  const near = nearest(word, choices);
  const hint = near === undefined ? `expected one of ${choices.join(', ')}` : `did you mean "${near}"?`;
  return `unknown ${what} "${printable(word)}"; ${hint}`;
}

function literal(node: TemplateNode | undefined): Mistake {
  return new Mistake(
    `expected the name of a fact, found "${printable(String(node?.original))}"; write it outside the braces`,
  );
}
