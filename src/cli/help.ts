/** Help texts from the command table, wrapped to the width of the terminal. */
import { plainWidth, wrap } from '../text/prose.ts';
import type { Command, Option } from './command.ts';
import { commandStatuses, exitStatuses } from './exit-statuses.ts';

type Options = Readonly<Record<string, Option>>;

/** Wider lines are hard to read; in narrower columns, words do not fit. */
const [MIN_WIDTH, MAX_WIDTH] = [24, 100];

/** The width of help texts for a terminal of so many columns; 80 if stdout is not a terminal. */
export function helpWidth(columns: number | undefined): number {
  return columns === undefined ? plainWidth : Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns));
}

function exitLines(width: number, statuses = exitStatuses): string[] {
  const digits = Math.max(...statuses.map(([status]) => String(status).length));
  return [
    'Exit status:',
    ...statuses.flatMap(([status, meaning]) =>
      termLines(String(status).padStart(digits), meaning, digits + 4, width),
    ),
  ];
}

function nameLines(width: number): string[] {
  return wrap(
    '0000:01:00.0, 01:00.0, a UUID, pci/0000:01:00.0, vfio3, 247:3, a group such as /dev/vfio/14 or group:14, or the path of a node, a link or a sysfs directory. NAME+group means all VFIO devices of its group.',
    { width, indent: 5, first: 'NAME is any of: ' },
  );
}

/** The synopsis of a command: `vfio-names resolve [OPTION...] NAME`. */
export function synopsis(command: Command): string {
  return ['vfio-names', command.name, '[OPTION...]', ...placeholders(command)].join(' ');
}

/** The general help: one line per command. */
export function overview(commands: readonly Command[], common: Options, width = plainWidth): string {
  return [
    'Usage: vfio-names [COMMAND] [OPTION...]',
    '',
    ...wrap('Stable, checked names for VFIO device nodes:', { width }),
    '    /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio3',
    '',
    'Commands (list is the default):',
    ...commandLines(commands, width),
    '',
    'Options of every command:',
    ...optionLines(common, width),
    '',
    ...nameLines(width),
    '',
    ...exitLines(width),
    '',
    ...wrap('vfio-names help COMMAND describes one command.', { width }),
    '',
  ].join('\n');
}

/** The help of the commands that begin with the word `group`, such as `rules`. */
export function groupHelp(
  group: string,
  commands: readonly Command[],
  common: Options,
  width = plainWidth,
): string {
  const members = commands.filter(({ name }) => name.startsWith(`${group} `));
  return [
    ...wrap(`vfio-names ${group} COMMAND [OPTION...]`, { width, indent: 7, first: 'Usage: ' }),
    '',
    'Commands:',
    ...commandLines(members, width),
    '',
    'Options of every command:',
    ...optionLines(common, width),
    '',
    ...wrap(`vfio-names ${group} COMMAND --help describes one command.`, { width }),
    '',
  ].join('\n');
}

function commandLines(commands: readonly Command[], width: number): string[] {
  const labels = Math.max(...commands.map((command) => label(command).length));
  return commands.flatMap((command) => termLines(label(command), command.summary, labels + 4, width));
}

/** A term and its meaning beside it from the column `indent` on, or below it where the terminal is too narrow for both. */
function termLines(term: string, meaning: string, indent: number, width: number): string[] {
  if (width - indent < MIN_WIDTH)
    return [`  ${term}`, ...wrap(meaning, { width, indent: 6, first: ' '.repeat(6) })];
  return wrap(meaning, { width, indent, first: `  ${term.padEnd(indent - 4)}  ` });
}

function label(command: Command): string {
  return [command.name, ...placeholders(command)].join(' ');
}

function placeholders({ operands, commandArgs }: Command): string[] {
  return [...(operands ? [operands.label] : []), ...(commandArgs === undefined ? [] : ['--', commandArgs])];
}

/** Whether a paragraph is a literal example, which is not wrapped. */
export function isLiteral(text: string): boolean {
  return text.startsWith('    ');
}

/** `ls and status run list, too.`, or nothing for a command without aliases. */
export function aliasSentence({ name, aliases = [] }: Command): string[] {
  return aliases.length === 0
    ? []
    : [`${aliases.join(' and ')} ${aliases.length === 1 ? 'runs' : 'run'} ${name}, too.`];
}

/** The help of one command. */
export function commandHelp(command: Command, common: Options, width = plainWidth): string {
  const ownOptions =
    Object.keys(command.options ?? {}).length > 0
      ? ['', 'Options:', ...optionLines(command.options ?? {}, width)]
      : [];
  const details = [...(command.details ?? []), ...aliasSentence(command)].flatMap((text) =>
    isLiteral(text) ? [text] : ['', ...wrap(text, { width })],
  );
  const names = command.operands?.label.includes('NAME') ? ['', ...nameLines(width)] : [];
  const summary = command.summary.charAt(0).toUpperCase() + command.summary.slice(1);
  return [
    ...wrap(synopsis(command), { width, indent: 7, first: 'Usage: ' }),
    '',
    ...wrap(`${summary}.`, { width }),
    ...details,
    ...ownOptions,
    '',
    'Options of every command:',
    ...optionLines(common, width),
    ...names,
    '',
    ...exitLines(width, commandStatuses[command.name]),
    '',
  ].join('\n');
}

function optionLines(options: Options, width: number): string[] {
  return Object.entries(options).flatMap(([name, option]) => {
    const short = option.short ? `-${option.short}, ` : '';
    const value = option.placeholder ? ` ${option.placeholder}` : '';
    const choices = option.choices ? ` (${option.choices.join(', ')})` : '';
    return termLines(`${short}--${name}${value}`, `${option.help}${choices}`, 23, width);
  });
}
