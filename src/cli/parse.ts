/** From the words of the command line to an invocation. Pure; runs nothing. */
import { parseArgs } from 'node:util';
import { exitStatus, VfioNamesError } from '../errors.ts';
import { rootFrom } from '../system/root.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Command, Invocation, Option } from './command.ts';

export type Parsed =
  | { readonly kind: 'run'; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'version' };

type Options = Readonly<Record<string, Option>>;

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTty: boolean;
}

/** Throws VfioNamesError `usage` (status 2): one line with what was expected, found, and the nearest right word. */
export function parseCommandLine(
  words: readonly string[],
  table: readonly Command[],
  common: Options,
  terminal: Terminal,
): Parsed {
  if (words[0] === '--version' || words[0] === '-V') return { kind: 'version' };
  if (isGroupHelp(words, table)) return { kind: 'help' };
  const { command, rest } = chooseCommand(words, table, common);
  const options: Options = { ...common, ...command.options };
  const { values, positionals, tail } = parseWords(rest, options, command);
  if (values['help'] === true)
    return words.length === rest.length ? { kind: 'help' } : { kind: 'help', command };
  checkOperands(command, positionals);
  if (tail?.length === 0 || tail?.[0] === '')
    throw usageError(`${command.name}: expected -- ${command.tail}, found nothing`, undefined, command);
  const flags: Record<string, boolean> = {};
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'boolean') flags[name] = value;
    else if (typeof value === 'string') texts[name] = checkValue(command, name, value, options[name]);
  }
  return {
    kind: 'run',
    invocation: {
      command,
      root: rootFrom(texts['root'] ?? ''),
      json: flags['json'] ?? false,
      quiet: flags['quiet'] ?? false,
      verbose: flags['verbose'] ?? false,
      colour:
        terminal.stdoutIsTty &&
        !flags['no-color'] &&
        (terminal.env['NO_COLOR'] ?? '') === '' &&
        terminal.env['TERM'] !== 'dumb',
      operands: positionals,
      ...(tail && { tail }),
      flags,
      values: texts,
    },
  };
}

/** `rules --help`: the first word of several commands, none of which was chosen. */
function isGroupHelp([one, two]: readonly string[], table: readonly Command[]): boolean {
  return (two === '--help' || two === '-h') && table.some((command) => command.name.startsWith(`${one} `));
}

/** The command may stand behind options of every command: `vfio-names --json list`. */
function chooseCommand(
  words: readonly string[],
  table: readonly Command[],
  common: Options,
): { command: Command; rest: readonly string[] } {
  const first = firstWord(words, common);
  const list = table.find((command) => command.name === 'list');
  if (first === undefined) {
    if (!list) throw new Error('the command table has no list');
    return { command: list, rest: words };
  }
  const [one, two] = [words[first] ?? '', words[first + 1]];
  const without = (count: number): string[] => [...words.slice(0, first), ...words.slice(first + count)];
  const pair = two === undefined ? undefined : table.find((command) => command.name === `${one} ${two}`);
  if (pair) return { command: pair, rest: without(2) };
  const single = table.find((command) => command.name === one);
  if (single) return { command: single, rest: without(1) };
  throw unknownCommand(one, two, table);
}

function firstWord(words: readonly string[], common: Options): number | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') return undefined;
    if (!word.startsWith('-')) return index;
    if (common[word.slice(2)]?.type === 'string') index++;
    else if (!isCommon(word, common)) return undefined;
  }
  return undefined;
}

function isCommon(word: string, common: Options): boolean {
  const name = word.replace(/^--/, '').replace(/=.*$/s, '');
  return Object.hasOwn(common, name) || Object.values(common).some((option) => word === `-${option.short}`);
}

function unknownCommand(one: string, two: string | undefined, table: readonly Command[]): VfioNamesError {
  const below = table.filter((command) => command.name.startsWith(`${one} `)).map((command) => command.name);
  if (below.length > 0) {
    const near = two === undefined ? undefined : nearest(`${one} ${two}`, below);
    return usageError(
      `expected one of ${below.join(', ')}, found ${printable(two === undefined ? one : `${one} ${two}`)}`,
      near,
    );
  }
  const names = [...new Set(table.map((command) => command.name.split(' ')[0] ?? ''))];
  return usageError(`expected a command, found ${printable(one)}`, nearest(one, names));
}

function parseWords(
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
  const known = (word: string): boolean => {
    const name = word.replace(/^--/, '').replace(/=.*$/s, '');
    return (
      Object.hasOwn(options, name) || Object.values(options).some((option) => word === `-${option.short}`)
    );
  };
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  const found = own.find((word) => word.startsWith('-') && word !== '-' && !known(word));
  if (found === undefined) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    return usageError(`${command.name}: ${printable(reason)}`, undefined, command);
  }
  const near = nearest(found.replace(/^-+/, '').replace(/=.*$/s, ''), Object.keys(options));
  return usageError(
    `expected an option of ${command.name}, found ${printable(found)}`,
    near && `--${near}`,
    command,
  );
}

function checkValue(command: Command, name: string, value: string, option: Option | undefined): string {
  if (value === '')
    throw usageError(
      `expected ${option?.value ?? 'a value'} behind --${name}, found nothing`,
      undefined,
      command,
    );
  if (option?.choices && !option.choices.includes(value))
    throw usageError(
      `expected --${name} to be ${option.choices.join(', ')}, found ${printable(value)}`,
      nearest(value, option.choices),
      command,
    );
  return value;
}

function checkOperands(command: Command, operands: readonly string[]): void {
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

function usageError(message: string, near?: string, command?: Command): VfioNamesError {
  const help = `vfio-names ${command ? `${command.name} ` : ''}--help`;
  const advice = near !== undefined ? `did you mean ${near}? See ${help}` : `see ${help}`;
  return new VfioNamesError('usage', exitStatus.usage, `${message}; ${advice}`);
}
