/** What people write in TOML by the habits of other languages, and what to write instead. */
import { printable } from '../text/printable.ts';

/** Longer texts are not quoted in a hint. */
const MAX_QUOTED = 60;

const key = '[A-Za-z0-9_.#+:=@"-]+?';
const pair = new RegExp(`^\\s*(?:\\{\\s*)?(${key})\\s*=\\s*(.*?)\\s*$`);

/** Returns what to write instead of a line that is not TOML; `undefined` if the error says enough. Printable. */
export function tomlHint(line: string, message: string): string | undefined {
  if (/redefine/.test(message))
    return 'write each key and each [table] once; [[link]] and other lists of tables may occur several times';
  if (/^\s*(?:#|$)/.test(line)) return undefined;
  if (/^\s*\[\[[^\]]*\]?\s*$/.test(line)) return 'write [[table]] with two brackets at both ends';
  if (/^\s*\[[^[\]]*$/.test(line)) return 'end the name of the table with ]';
  // `names:`, `by-path: true` or `- name: x`, before any `=`.
  if (/^\s*(?:- )?[\w."-]+:(?:\s[^=]*)?$/.test(line))
    return 'this looks like YAML; TOML has key = value, and a [table] on a line of its own';
  const [, name = '', raw = ''] = pair.exec(line) ?? [];
  if (name === '')
    return /^\s*[\w.-]+\s*$/.test(line)
      ? `write ${printable(line.trim())} = true, or another value`
      : undefined;
  const value = raw.replace(/\s+#.*$/, '');
  if (value === '') return 'write a value after the =';
  if (/^=/.test(value)) return 'write one =';
  if (/[;,]$/.test(value) && /line/.test(message)) return `remove the ${value.slice(-1)} at the end`;
  if (/^(?:yes|on|true)$/i.test(value)) return `write ${printable(name)} = true`;
  if (/^(?:no|off|false)$/i.test(value)) return `write ${printable(name)} = false`;
  if (/unrecognised escape/.test(message)) return "write texts with backslashes in single quotes: 'text'";
  if (/unfinished string/.test(message) || endsInsideText(value, message))
    return 'end the text with the quote that it begins with';
  if (/^[^"'[{]/.test(value) && !/["'[\]{}]/.test(value))
    return value.length > MAX_QUOTED
      ? 'put the text in quotes'
      : `put the text in quotes: ${printable(name)} = "${printable(value.replace(/[;,]$/, ''))}"`;
  if (/comma or end of structure/.test(message) && value.startsWith('{'))
    return 'write a table within { } on one line, with commas between its keys';
  return undefined;
}

/** Whether the parser found the end of the line, a control character, within a text whose second quote is missing. */
function endsInsideText(value: string, message: string): boolean {
  return /control characters/.test(message) && /^(?:"[^"]*|'[^']*)$/.test(value);
}

/** The longest part of a line that an excerpt shows. */
const MAX_EXCERPT = 100;

/** `gpu = 01:00.0` and, below it, a caret under the column, which counts from 1. Printable. */
export function excerptOf(line: string, column: number): readonly [string, string] {
  // A file that was written on Windows.
  const text = line.replace(/\r$/, '').replaceAll('\t', ' ');
  const start = Math.max(0, Math.min(column - 1, text.length) - MAX_EXCERPT + 20);
  const shown = printable(text.slice(start, start + MAX_EXCERPT));
  return [shown, `${' '.repeat(printable(text.slice(start, Math.max(start, column - 1))).length)}^`];
}
