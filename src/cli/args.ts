/** Parses a command line into an invocation. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { hostPath, rootFrom } from '../system/root-path.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import { chooseCommand, type Help, parseTopic } from './choose-command.ts';
import type { Command, Invocation, Option } from './command.ts';
import { isOption, type OptionProblem, type Options, type ParsedOptions, splitArguments } from './options.ts';
import { optionAdviceFor, optionFor } from './other-words.ts';
import { usageError } from './usage-error.ts';

/** Splits the arguments. Throws VfioNamesError `usage` (status 2) for an unknown option or a missing or unexpected value. */
function parseOptions(args: readonly string[], options: Options, command: Command): ParsedOptions {
  const parsed = splitArguments(args, options);
  if ('problem' in parsed) throw optionError(parsed, options, command);
  if (command.commandArgs === undefined) return { values: parsed.values, operands: parsed.operands };
  const { values, operands, tail = [] } = parsed;
  return { values, operands: operands.slice(0, operands.length - tail.length), tail };
}

function optionError(found: OptionProblem, options: Options, command: Command): VfioNamesError {
  if (found.problem === 'unknown') return unknownOption(found.arg, options, command);
  const { name } = found;
  if (found.problem === 'unexpected-value')
    return usageError(`expected --${name} without a value, found one`, undefined, command);
  if (found.problem === 'option-as-value' && found.value !== '--' && !isOption(found.value, options))
    return unknownOption(found.value, options, command);
  const value = found.problem === 'option-as-value' ? 'another option' : 'nothing';
  return usageError(
    `expected ${options[name]?.placeholder ?? 'a value'} after --${name}, found ${value}`,
    undefined,
    command,
  );
}

function unknownOption(arg: string, options: Options, command: Command): VfioNamesError {
  const name = arg.replace(/^-+/, '').replace(/=.*$/s, '');
  const message = `${command.name} has no option ${printable(arg)}`;
  const advice = optionAdviceFor(command.name, name);
  if (advice !== undefined) return new VfioNamesError('usage', exitStatus.usage, message, { hint: advice });
  // `--color` means its opposite, `--no-color`.
  const near =
    optionFor(name, options) ??
    nearest(name, Object.keys(options)) ??
    nearest(`no-${name.replace('colour', 'color')}`, Object.keys(options));
  return usageError(message, near && `--${near}`, command);
}

/** Returns `value`. Throws VfioNamesError `usage` (status 2) if it is empty or not one of the option's choices. */
function checkValue(command: Command, name: string, value: string, option: Option | undefined): string {
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
function checkOperands(command: Command, operands: readonly string[]): void {
  const { label = 'operands', min = 0, max = 0 } = command.operands ?? {};
  if (operands.length < min)
    throw usageError(`${command.name}: expected ${label}, found nothing`, undefined, command);
  if (operands.length > max) {
    const found = printable(operands[max] ?? '');
    const most = max === 0 ? 'no operands' : max === 1 ? `one ${label}` : `only ${label}`;
    throw usageError(`${command.name} takes ${most}, found ${found}`, undefined, command);
  }
  const empty = operands.includes('');
  if (empty)
    throw usageError(`${command.name}: expected ${label}, found an empty argument`, undefined, command);
}

/** A tree below --root may belong to anybody: its /sys could name any device of this machine. */
function foreignTree(command: Command, root: string): VfioNamesError {
  return new VfioNamesError(
    'usage',
    exitStatus.usage,
    `${command.name} opens devices, expected this machine's own tree, found --root ${printable(root)}`,
    {
      hint: `omit --root, or use --host-root ${printable(root)} if /sys and /dev below it are this machine's`,
    },
  );
}

type Parsed = { readonly kind: 'run'; readonly invocation: Invocation } | Help | { readonly kind: 'version' };

interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTty: boolean;
}

/**
 * Throws VfioNamesError `usage` (status 2) for an argument that was not UTF-8: its bytes are lost by now (U+FFFD is in their
 * place), and a command would use another path or pass on another argument.
 */
function checkEncoding(args: readonly string[]): void {
  const arg = args.find((text) => text.includes('\ufffd'));
  if (arg === undefined) return;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected arguments in UTF-8, found ${printable(arg)}`,
    {
      hint: 'rename such a file; exec can run a script that has such an argument',
    },
  );
}

/** Throws VfioNamesError `usage` (status 2): one line with what was expected, what was found, and the nearest valid option or command. */
export function parseCommandLine(
  args: readonly string[],
  table: readonly Command[],
  common: Options,
  terminal: Terminal,
): Parsed {
  checkEncoding(args);
  if (args[0] === '--version' || args[0] === '-V') return { kind: 'version' };
  const choice = chooseCommand(args, table, common);
  if (choice.kind === 'version') return choice;
  if (choice.kind === 'help') return parseTopic(choice.topic, table);
  const { command, rest } = choice;
  const options: Options = { ...common, ...command.options };
  const { values, operands, tail: commandArgs } = parseOptions(rest, options, command);
  if (values['help'] === true)
    return args.length === rest.length ? { kind: 'help' } : { kind: 'help', command };
  if (values['version'] === true) return { kind: 'version' };
  checkOperands(command, operands);
  if (commandArgs?.length === 0 || commandArgs?.[0] === '')
    throw usageError(
      `${command.name}: expected -- ${command.commandArgs}, found nothing`,
      undefined,
      command,
    );
  const flags: Record<string, boolean> = {};
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'boolean') flags[name] = value;
    else if (typeof value === 'string') texts[name] = checkValue(command, name, value, options[name]);
  }
  const root = rootFrom(texts['root'] ?? texts['host-root'] ?? '');
  if (texts['root'] !== undefined && texts['host-root'] !== undefined)
    throw usageError('expected --root or --host-root, found both', undefined, command);
  const ownTree = root === '' || texts['root'] === undefined;
  if (command.opensDevices && !ownTree) throw foreignTree(command, root);
  for (const name of ['policy', 'output', 'metrics', 'cdi', 'nfd'])
    if (texts[name] !== undefined) texts[name] = hostPath(texts[name], root);
  return {
    kind: 'run',
    invocation: {
      command,
      root,
      ownTree,
      json: flags['json'] ?? false,
      quiet: flags['quiet'] ?? false,
      verbose: flags['verbose'] ?? false,
      colour:
        terminal.stdoutIsTty &&
        !flags['no-color'] &&
        (terminal.env['NO_COLOR'] ?? '') === '' &&
        terminal.env['TERM'] !== 'dumb',
      operands,
      ...(commandArgs && { commandArgs }),
      flags,
      values: texts,
    },
  };
}
