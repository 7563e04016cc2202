/**
 * Converts the Handlebars syntax tree of a name template to its parts: text, facts, and the helpers lower, pad and replace.
 * The caller passes the tree, so that this file does not load Handlebars.
 */

import type { FactName, Facts } from '../devices/types.ts';
import { MAX_PART_BYTES, sanitizePathPart } from '../names/sanitize.ts';
import { isReservedName } from '../names/scheme.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { accessFacts, matchFacts } from './facts.ts';
import type { NamePart, Transform } from './policy.ts';

/** Placeholder for a fact's text: one letter, because no fact is empty, and not one that could complete `by-`. */
const placeholder = 'x';

/** Maximum length of a name; shorter than PATH_MAX of linux/limits.h to leave room for the root's prefix. */
const MAX_NAME = 1024;

/** The properties of a syntax tree node that are used here (Handlebars' AST, docs/compiler-api.md). */
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

/** The parts of a name, or what is wrong and what to write instead. */
export type ParsedTemplate =
  | { readonly parts: readonly NamePart[] }
  | { readonly problem: string; readonly hint?: string | undefined };

/** An error in a template; thrown and caught in this file only. */
class TemplateError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

const helpers = ['lower', 'pad', 'replace'] as const;

/** Throws TemplateError if the fixed text makes the path wrong for every device. */
function checkText(parts: readonly NamePart[]): void {
  for (const part of parts) {
    const unsafe =
      'text' in part ? /[^0-9A-Za-z#+\-.:=@_/\u0080-\u{10ffff}]/u.exec(part.text)?.[0] : undefined;
    if (unsafe !== undefined)
      throw new TemplateError(
        `the character "${printable(unsafe)}" cannot be in a name`,
        /[{}]/.test(unsafe)
          ? 'a fact takes two braces, such as {{name}}'
          : 'use letters, digits and # + - . : = @ _ /',
      );
  }
  const path = parts.map((part) => ('text' in part ? part.text : placeholder)).join('');
  const written = parts.map((part) => ('text' in part ? part.text : `{{${part.fact}}}`)).join('');
  const found = printable(written.length > 80 ? `${written.slice(0, 80)}...` : written);
  if (path.startsWith('/'))
    throw new TemplateError(`a name lies below /dev/vfio: expected "by-x/...", found "${found}"`);
  if (!/^by-[^/]/.test(path))
    throw new TemplateError(
      `a name begins with a directory of its own, "by-x/...", since all others are the kernel's or a bus's; found "${found}"`,
    );
  if (path.length > MAX_NAME)
    throw new TemplateError(`expected a name of at most ${MAX_NAME} characters, found ${path.length}`);
  const pieces = path.split('/');
  if (pieces.length < 2)
    throw new TemplateError(`expected a directory and a name, "by-x/...", found only "${found}"`);
  for (const piece of pieces) {
    if (piece === '') throw new TemplateError(`a part of the name is empty: "${found}"`);
    if (piece.startsWith('.')) throw new TemplateError(`a part of the name begins with a dot: "${found}"`);
    if (sanitizePathPart(piece) !== piece)
      throw new TemplateError(
        `a part of the name has more than ${MAX_PART_BYTES} bytes or is no Unicode text`,
      );
  }
}

/** Parses the statements of a template and checks the path that they produce as far as the fixed text determines it. */
export function parseTemplate(body: readonly TemplateNode[]): ParsedTemplate {
  try {
    const parts = body.map(partOf);
    checkText(parts);
    return { parts };
  } catch (error) {
    if (error instanceof TemplateError) return { problem: error.message, hint: error.hint };
    throw error;
  }
}

function partOf(node: TemplateNode): NamePart {
  if (node.type === 'ContentStatement') return { text: String(node.value) };
  if (node.type !== 'MustacheStatement')
    throw new TemplateError(
      'expected only text, facts {{fact}} and helpers {{lower fact}}, found a block, partial or comment',
    );
  if (node.escaped === false)
    throw new TemplateError('expected {{fact}}, found {{{...}}} or {{&...}}', 'two braces are enough');
  if (node.strip?.open || node.strip?.close)
    throw new TemplateError('expected {{fact}}, found {{~...}}', 'leave the ~ out');
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
  if (node.hash) throw new TemplateError('expected values in order, such as {{pad vf 3}}, found name=value');
  if (node.type === 'PathExpression') return { fact: factOf(node), apply: [] };
  if (node.type !== 'MustacheStatement' && node.type !== 'SubExpression') throw unexpectedLiteral(node);
  if (node.path?.type !== 'PathExpression') throw unexpectedLiteral(node.path);
  const identifier = identifierOf(node.path);
  const helper = helpers.find((name) => name === identifier);
  if (params.length === 0 && node.type === 'MustacheStatement' && !helper) return expression(node.path);
  if (!helper) throw unknownName('helper', identifier, helpers);
  const [subject, ...values] = params;
  if (!subject) throw new TemplateError(`expected ${usage[helper]}, found {{${helper}}}`);
  const { fact, apply } = expression(subject);
  return { fact, apply: [...apply, transformOf(helper, values)] };
}

const usage = {
  lower: '{{lower fact}}',
  pad: '{{pad fact 3}} with a width from 1 to 255',
  replace: '{{replace fact "from" "to"}} with a "from" that is not empty',
} as const;

function transformOf(helper: (typeof helpers)[number], values: readonly TemplateNode[]): Transform {
  // Only literals have a value; for a fact or a helper it is undefined.
  const [first, second] = values.map(({ value }) => value);
  if (helper === 'lower' && values.length === 0) return { transform: 'lower' };
  if (helper === 'pad' && values.length === 1 && isWidth(first)) return { transform: 'pad', width: first };
  if (
    helper === 'replace' &&
    values.length === 2 &&
    typeof first === 'string' &&
    typeof second === 'string'
  ) {
    if (/["'\\{}\u0000-\u001f]/.test(first + second))
      throw new TemplateError(
        'replace takes texts without quotes, braces, backslashes and control characters',
      );
    if (first !== '') return { transform: 'replace', from: first, to: second };
  }
  throw new TemplateError(`expected ${usage[helper]}`);
}

function isWidth(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 255;
}

/** Returns the only identifier of a path; throws for `this`, `../x`, `a.b` and `@x`. */
function identifierOf(path: TemplateNode): string {
  const identifier = path.parts?.[0];
  if (typeof identifier !== 'string' || identifier !== path.original)
    throw new TemplateError(`expected the name of a fact, found "${printable(String(path.original))}"`);
  return identifier;
}

function factOf(path: TemplateNode): FactName {
  const identifier = identifierOf(path);
  const fact = matchFacts.find((name) => name === identifier);
  if (fact) return fact;
  if (accessFacts.some((name) => name === identifier))
    throw new TemplateError(`"${identifier}" cannot be in a name: [[access]] decides it`);
  if (helpers.some((name) => name === identifier))
    throw new TemplateError(`expected a fact, found the helper ${identifier} alone`);
  throw unknownName('fact', identifier, matchFacts);
}

function unknownName(what: string, identifier: string, choices: readonly string[]): TemplateError {
  const near = nearest(identifier, choices);
  const hint = near === undefined ? `expected one of ${choices.join(', ')}` : `did you mean "${near}"?`;
  return new TemplateError(`unknown ${what} "${printable(identifier)}"`, hint);
}

function unexpectedLiteral(node: TemplateNode | undefined): TemplateError {
  return new TemplateError(
    `expected the name of a fact, found "${printable(String(node?.original))}"`,
    'write it outside the braces',
  );
}

/**
 * Returns the path relative to /dev/vfio, `by-sriov/0000:01:00.0/vf3`. Returns `undefined` if the device does not have one
 * of the facts, if sanitizing leaves nothing of a fact, or if the path is invalid: an empty or hidden part, `..`, a part
 * longer than 255 bytes, a reserved first part, or only one part.
 */
export function renderName(parts: readonly NamePart[], facts: Facts): string | undefined {
  let name = '';
  for (const part of parts) {
    const text = 'text' in part ? part.text : factText(part, facts);
    if (text === undefined) return undefined;
    name += text;
  }
  return isUsable(name) ? name : undefined;
}

function factText(part: Exclude<NamePart, { readonly text: string }>, facts: Facts): string | undefined {
  const value = facts[part.fact];
  return value === undefined ? undefined : sanitizePathPart((part.apply ?? []).reduce(applyTransform, value));
}

/** Applies one helper to a text. */
export function applyTransform(text: string, by: Transform): string {
  if (by.transform === 'lower') return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  if (by.transform === 'pad') return text.padStart(by.width, '0');
  return text.split(by.from).join(by.to);
}

/** Whether the path is valid. Hidden names are rejected because vfio-names and udev use them for temporary files. */
function isUsable(name: string): boolean {
  const parts = name.split('/');
  const isValid = (part: string): boolean => !part.startsWith('.') && sanitizePathPart(part) === part;
  return (
    parts.length > 1 && name.length <= MAX_NAME && parts.every(isValid) && !isReservedName(parts[0] ?? '')
  );
}
