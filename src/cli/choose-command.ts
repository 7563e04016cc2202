/** Finds the command that the first words of a command line name. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Command } from './command.ts';
import { isOption, type Options, splitArguments } from './options.ts';
import { adviceFor, commandFor } from './other-words.ts';
import { usageError } from './usage-error.ts';

/** The help of one command, of the commands that begin with the word `group`, or the general help. */
export interface Help {
  readonly kind: 'help';
  readonly command?: Command;
  readonly group?: string;
}

/** Whether the word is the first one of two-word commands: `rules`. */
function isGroup(word: string, table: readonly Command[]): boolean {
  return table.some((command) => command.name.startsWith(`${word} `));
}

/** Returns the command of one or two words, and how many words they are; `undefined` if there is none. */
function findCommand(
  [first = '', second]: readonly string[],
  table: readonly Command[],
): { readonly command: Command; readonly count: number } | undefined {
  const named = (name: string) =>
    table.find((command) => command.name === name || command.aliases?.includes(name));
  const pair = second === undefined ? undefined : named(`${first} ${second}`);
  if (pair) return { command: pair, count: 2 };
  const single = named(first);
  return single && { command: single, count: 1 };
}

/** What the words before the options ask for. */
type Choice =
  | { readonly kind: 'command'; readonly command: Command; readonly rest: readonly string[] }
  | { readonly kind: 'help'; readonly topic: readonly string[] }
  | { readonly kind: 'version' };

/**
 * Returns the command and the remaining arguments; `list` if there is no command. Common options may precede the command,
 * as in `vfio-names --json list`. Throws VfioNamesError `usage` (status 2) for an unknown command.
 */
export function chooseCommand(args: readonly string[], table: readonly Command[], common: Options): Choice {
  const index = commandIndex(args, common);
  if (index === undefined) {
    const list = table.find((command) => command.name === 'list');
    if (!list) throw new Error('the command table has no list');
    return { kind: 'command', command: list, rest: args };
  }
  const words = args.slice(index);
  const without = (count: number): string[] => [...args.slice(0, index), ...args.slice(index + count)];
  const found = findCommand(words, table);
  if (found) return { kind: 'command', command: found.command, rest: without(found.count) };
  const [first = '', second = ''] = words;
  if (first === 'version') return { kind: 'version' };
  if (first === 'help') {
    const parsed = splitArguments(words.slice(1), common);
    return { kind: 'help', topic: 'problem' in parsed ? [] : parsed.operands };
  }
  if (isGroup(first, table) && (second === '--help' || second === '-h'))
    return { kind: 'help', topic: [first] };
  throw unknownCommand(first, words[1], table);
}

/** The help of `help resolve`, `help rules` and `help`. Throws VfioNamesError `usage` (status 2) for other topics. */
export function parseTopic(topic: readonly string[], table: readonly Command[]): Help {
  const [first, second, extra] = topic;
  if (first === undefined || first === 'help') return { kind: 'help' };
  const found = findCommand(topic, table);
  if (found && topic.length === found.count) return { kind: 'help', command: found.command };
  if (isGroup(first, table) && second === undefined) return { kind: 'help', group: first };
  if (found) throw usageError(`help: expected one command, found ${printable(extra ?? second ?? '')}, too`);
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
    const choices = subcommands.map((name) => name.slice(first.length + 1)).join(', ');
    const found = second === undefined ? 'nothing' : printable(second);
    return usageError(`${first}: expected one of ${choices}, found ${found}`, near, { name: first });
  }
  const found = first === '' ? 'an empty argument' : printable(first);
  const message = `expected a command, found ${found}`;
  const advice = adviceFor(first);
  if (advice !== undefined) return new VfioNamesError('usage', exitStatus.usage, message, { hint: advice });
  const names = [
    ...new Set(table.map((command) => command.name.split(' ')[0] ?? '')),
    ...table.flatMap((command) => command.aliases ?? []),
    ...['help', 'version'],
  ];
  return usageError(message, commandFor(first) ?? nearest(first, names));
}
