/** The options and operands of one command, from its words. Pure; runs nothing. */
import { parseArgs } from 'node:util';
import type { VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Command, Option } from './command.ts';
import { usageError } from './usage-error.ts';

export type Options = Readonly<Record<string, Option>>;

/** Whether a word is one of these options: `--name`, `--name=value` or `-n`. */
export function isOption(word: string, options: Options): boolean {
  const name = word.replace(/^--/, '').replace(/=.*$/s, '');
  return Object.hasOwn(options, name) || Object.values(options).some((option) => word === `-${option.short}`);
}

/** Throws VfioNamesError `usage` at a word that is no option of the command. */
export function parseWords(
  words: readonly string[],
  options: Options,
  command: Command,
): { values: Record<string, unknown>; positionals: string[]; tail?: string[] } {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      { type: option.type, ...(option.short && { short: option.short }) },
    ]),
  );
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...words],
      options: config,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    if (command.tail === undefined) return { values, positionals };
    const end = tokens.find(({ kind }) => kind === 'option-terminator');
    const tail = end ? words.slice(end.index + 1) : [];
    return { values, positionals: positionals.slice(0, positionals.length - tail.length), tail };
  } catch (error) {
    throw optionError(words, options, command, error);
  }
}

function optionError(
  words: readonly string[],
  options: Options,
  command: Command,
  error: unknown,
): VfioNamesError {
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  const found = own.find((word) => word.startsWith('-') && word !== '-' && !isOption(word, options));
  if (found === undefined) return usageError(valueProblem(options, error), undefined, command);
  const near = nearest(found.replace(/^-+/, '').replace(/=.*$/s, ''), Object.keys(options));
  return usageError(
    `expected an option of ${command.name}, found ${printable(found)}`,
    near && `--${near}`,
    command,
  );
}

/** What parseArgs has to say of a value that is missing, or too much, in our words. */
function valueProblem(options: Options, error: unknown): string {
  const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
  const name = /^Option '(?:-\w, )?--([\w-]+)/.exec(reason)?.[1] ?? '';
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) return `expected options and words, found: ${printable(reason)}`;
  if (option.type === 'boolean') return `expected --${name} without a value, found one`;
  const found = reason.includes('ambiguous') ? 'another option' : 'nothing';
  return `expected ${option.value ?? 'a value'} after --${name}, found ${found}`;
}

/** Throws VfioNamesError `usage` where an option has no value, or none of its choices. */
export function checkValue(
  command: Command,
  name: string,
  value: string,
  option: Option | undefined,
): string {
  if (value === '')
    throw usageError(
      `expected ${option?.value ?? 'a value'} after --${name}, found nothing`,
      undefined,
      command,
    );
  if (option?.choices && !option.choices.includes(value))
    throw usageError(
      `expected --${name} to be one of ${option.choices.join(', ')}, found ${printable(value)}`,
      nearest(value, option.choices),
      command,
    );
  return value;
}

/** Throws VfioNamesError `usage` where there are too few operands, or too many. */
export function checkOperands(command: Command, operands: readonly string[]): void {
  const { label = 'no operand', min = 0, max = 0 } = command.operands ?? {};
  if (operands.length < min)
    throw usageError(`${command.name}: expected ${label}, found nothing`, undefined, command);
  if (operands.length > max) {
    const found = printable(operands[max] ?? '');
    throw usageError(
      `${command.name}: expected ${max === 0 ? 'no operand' : `only ${label}`}, found ${found}`,
      undefined,
      command,
    );
  }
  const empty = operands.includes('');
  if (empty) throw usageError(`${command.name}: expected ${label}, found an empty word`, undefined, command);
}
