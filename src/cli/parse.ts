/** Parses a command line into an invocation. */
import { rootFrom } from '../system/root.ts';
import { chooseCommand, isGroupHelp } from './choose-command.ts';
import type { Command, Invocation } from './command.ts';
import { checkOperands, checkValue, type Options, parseOptions } from './parse-words.ts';
import { usageError } from './usage-error.ts';

export type Parsed =
  | { readonly kind: 'run'; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'version' };

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTty: boolean;
}

/** Throws VfioNamesError `usage` (status 2): one line with what was expected, what was found, and the nearest valid option or command. */
export function parseCommandLine(
  args: readonly string[],
  table: readonly Command[],
  common: Options,
  terminal: Terminal,
): Parsed {
  if (args[0] === '--version' || args[0] === '-V') return { kind: 'version' };
  if (isGroupHelp(args, table)) return { kind: 'help' };
  const { command, rest } = chooseCommand(args, table, common);
  const options: Options = { ...common, ...command.options };
  const { values, positionals, tail: commandArgs } = parseOptions(rest, options, command);
  if (values['help'] === true)
    return args.length === rest.length ? { kind: 'help' } : { kind: 'help', command };
  checkOperands(command, positionals);
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
      ...(commandArgs && { commandArgs }),
      flags,
      values: texts,
    },
  };
}
