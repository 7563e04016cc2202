/** Which command a command line asks for. Pure; knows no option but those of every command. */
import type { VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Command } from './command.ts';
import { isOption, type Options } from './parse-words.ts';
import { usageError } from './usage-error.ts';

/** `rules --help`: the first word of several commands, none of which was chosen. */
export function isGroupHelp([one, two]: readonly string[], table: readonly Command[]): boolean {
  return (two === '--help' || two === '-h') && table.some((command) => command.name.startsWith(`${one} `));
}

/** Which command the words ask for, and the words that are left. It may stand behind options of every command: `vfio-names --json list`. */
export function chooseCommand(
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
    else if (!isOption(word, common)) return undefined;
  }
  return undefined;
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
  const found = one === '' ? 'an empty word' : printable(one);
  return usageError(`expected a command, found ${found}`, nearest(one, names));
}
