/** Parses TOML beyond its syntax errors, so that one run reports all errors of a file. */

import { parse } from 'smol-toml';
import { printable } from '../text/printable.ts';
import { excerptOf, tomlHint } from './toml-hints.ts';

interface SyntaxError {
  readonly line: number;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly excerpt: readonly [string, string];
}

interface TolerantResult {
  readonly content: unknown;
  /** The text without the lines that have a syntax error. */
  readonly text: string;
  readonly errors: readonly SyntaxError[];
  /** Whether the line belongs to a table that has a syntax error. */
  readonly skips: (line: number) => boolean;
}

/** The parser stops at the first error, so a text is parsed once for each error: up to this many times. */
const MAX_SYNTAX_ERRORS = 20;

/** In a text longer than this, only the first syntax error is reported. */
const MAX_TOLERANT_LENGTH = 1 << 16;

/** Parses TOML; after a syntax error, continues without that line, or without the whole table if its header is wrong. */
export function parseTolerantly(text: string): TolerantResult {
  const lines = text.split('\n');
  const isHeader = (line: number): boolean => /^\s*\[/.test(lines[line - 1] ?? '');
  /** The first line of the table that the line belongs to, and the first line after it. */
  const tableAround = (line: number): readonly [number, number] => {
    let [from, to] = [line, line + 1];
    while (from > 1 && !isHeader(from)) from--;
    while (to <= lines.length && !isHeader(to)) to++;
    return [from, to];
  };
  const remaining = [...lines];
  const errors: SyntaxError[] = [];
  const skipped: (readonly [number, number])[] = [];
  const skips = (line: number): boolean => skipped.some(([from, to]) => from <= line && line < to);
  for (;;) {
    const current = remaining.join('\n');
    try {
      return { content: parse(current), text: current, errors, skips };
    } catch (error) {
      const found = syntaxError(error);
      // Of a value without its end, the parser reports where the text ends.
      let { line } = found;
      while (line > 1 && (remaining[line - 1] ?? '').trim() === '') line--;
      const text = remaining[line - 1] ?? '';
      errors.push({
        line,
        message: `bad TOML: ${found.message}`,
        hint: tomlHint(text, found.message),
        excerpt: excerptOf(text, line === found.line ? found.column : text.length + 1),
      });
      if (
        errors.length === MAX_SYNTAX_ERRORS ||
        text.length > MAX_TOLERANT_LENGTH ||
        (remaining[line - 1] ?? '').trim() === ''
      )
        return { content: {}, text: '', errors, skips };
      const table = tableAround(line);
      skipped.push(table);
      const [from, to] = isHeader(line) ? table : [line, line + 1];
      remaining.fill('', from - 1, to - 1);
    }
  }
}

function syntaxError(error: unknown): {
  readonly line: number;
  readonly column: number;
  readonly message: string;
} {
  const {
    line = 1,
    column = 1,
    message = '',
  } = error as {
    line?: number;
    column?: number;
    message?: string;
  };
  const [first = ''] = message.replace(/^Invalid TOML document: /, '').split('\n');
  return { line, column, message: printable(first) };
}
