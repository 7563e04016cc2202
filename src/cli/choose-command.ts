/** Finds the command in a command line. */
import type { VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Command } from './command.ts';
import { isOption, type Options } from './parse-words.ts';
import { usageError } from './usage-error.ts';

/** Whether the arguments are `rules --help`: the first word of two-word commands, without the second. */
export function isGroupHelp([first, second]: readonly string[], table: readonly Command[]): boolean {
  return (
    (second === '--help' || second === '-h') && table.some((command) => command.name.startsWith(`${first} `))
  );
}

/**
 * Returns the command and the remaining arguments; `list` if there is no command. Common options may precede the command,
 * as in `vfio-names --json list`. Throws VfioNamesError `usage` (status 2) for an unknown command.
 */
export function chooseCommand(
  args: readonly string[],
  table: readonly Command[],
  common: Options,
): { command: Command; rest: readonly string[] } {
  const index = commandIndex(args, common);
  const list = table.find((command) => command.name === 'list');
  if (index === undefined) {
    if (!list) throw new Error('the command table has no list');
    return { command: list, rest: args };
  }
  const [first, second] = [args[index] ?? '', args[index + 1]];
  const without = (count: number): string[] => [...args.slice(0, index), ...args.slice(index + count)];
  const pair =
    second === undefined ? undefined : table.find((command) => command.name === `${first} ${second}`);
  if (pair) return { command: pair, rest: without(2) };
  const single = table.find((command) => command.name === first);
  if (single) return { command: single, rest: without(1) };
  throw unknownCommand(first, second, table);
}

function commandIndex(args: readonly string[], common: Options): number | undefined {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--') return undefined;
    if (!arg.startsWith('-')) return index;
    if (common[arg.slice(2)]?.type === 'string') index++;
    else if (!isOption(arg, common)) return undefined;
  }
  return undefined;
}

function unknownCommand(
  first: string,
  second: string | undefined,
  table: readonly Command[],
): VfioNamesError {
  const subcommands = table
    .filter((command) => command.name.startsWith(`${first} `))
    .map((command) => command.name);
  if (subcommands.length > 0) {
    const near = second === undefined ? undefined : nearest(`${first} ${second}`, subcommands);
    return usageError(
      `expected one of ${subcommands.join(', ')}, found ${printable(second === undefined ? first : `${first} ${second}`)}`,
      near,
    );
  }
  const names = [...new Set(table.map((command) => command.name.split(' ')[0] ?? ''))];
  const found = first === '' ? 'an empty word' : printable(first);
  return usageError(`expected a command, found ${found}`, nearest(first, names));
}
