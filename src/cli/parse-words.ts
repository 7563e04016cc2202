/** Parses and checks the options and operands of one command. */
import { parseArgs } from 'node:util';
import type { VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Command, Option } from './command.ts';
import { usageError } from './usage-error.ts';

export type Options = Readonly<Record<string, Option>>;

/** Whether an argument is one of these options: `--name`, `--name=value` or `-n`. */
export function isOption(arg: string, options: Options): boolean {
  const name = arg.replace(/^--/, '').replace(/=.*$/s, '');
  return Object.hasOwn(options, name) || Object.values(options).some((option) => arg === `-${option.short}`);
}

/** Splits the arguments into option values, operands and the arguments after `--`. Throws VfioNamesError `usage` (status 2) for an unknown option. */
export function parseOptions(
  args: readonly string[],
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
      args: [...args],
      options: config,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    if (command.commandArgs === undefined) return { values, positionals };
    const end = tokens.find(({ kind }) => kind === 'option-terminator');
    const tail = end ? args.slice(end.index + 1) : [];
    return { values, positionals: positionals.slice(0, positionals.length - tail.length), tail };
  } catch (error) {
    throw optionError(args, options, command, error);
  }
}

function optionError(
  args: readonly string[],
  options: Options,
  command: Command,
  error: unknown,
): VfioNamesError {
  const end = args.indexOf('--');
  const ownArgs = end < 0 ? args : args.slice(0, end);
  const found = ownArgs.find((arg) => arg.startsWith('-') && arg !== '-' && !isOption(arg, options));
  if (found === undefined) return usageError(valueProblem(options, error), undefined, command);
  const near = nearest(found.replace(/^-+/, '').replace(/=.*$/s, ''), Object.keys(options));
  return usageError(
    `expected an option of ${command.name}, found ${printable(found)}`,
    near && `--${near}`,
    command,
  );
}

/** Rewrites the error message of parseArgs for a missing or an unexpected value. */
function valueProblem(options: Options, error: unknown): string {
  const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
  const name = /^Option '(?:-\w, )?--([\w-]+)/.exec(reason)?.[1] ?? '';
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) return `expected options and words, found: ${printable(reason)}`;
  if (option.type === 'boolean') return `expected --${name} without a value, found one`;
  const found = reason.includes('ambiguous') ? 'another option' : 'nothing';
  return `expected ${option.placeholder ?? 'a value'} after --${name}, found ${found}`;
}

/** Returns `value`. Throws VfioNamesError `usage` (status 2) if it is empty or not one of the option's choices. */
export function checkValue(
  command: Command,
  name: string,
  value: string,
  option: Option | undefined,
): string {
  if (value === '')
    throw usageError(
      `expected ${option?.placeholder ?? 'a value'} after --${name}, found nothing`,
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

/** Throws VfioNamesError `usage` (status 2) if there are too few or too many operands, or an empty one. */
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
