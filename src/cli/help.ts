/** Help texts from the command table, for a terminal of 80 columns. */
import { wrap } from '../text/prose.ts';
import type { Command, Option } from './command.ts';

const exitLines = `Exit status: 0 fine; 1 findings; 2 usage or policy error; 3 no such device;
             4 not permitted; 5 not supported by this kernel (no cdev, no
             iommufd).`;

const nameLines = wrap(
  '0000:01:00.0, 01:00.0, a UUID, pci/0000:01:00.0, vfio3, 247:3, a group such as /dev/vfio/14, or the path of a node, a link or a sysfs directory.',
  { indent: 5, first: 'NAME is any of: ' },
);

/** The synopsis of a command: `vfio-names resolve [OPTION...] NAME`. */
export function synopsis(command: Command): string {
  return ['vfio-names', command.name, '[OPTION...]', ...placeholders(command)].join(' ');
}

/** The general help: one line per command. */
export function overview(commands: readonly Command[], common: Readonly<Record<string, Option>>): string {
  const width = Math.max(...commands.map((command) => label(command).length));
  return [
    'Usage: vfio-names [COMMAND] [OPTION...]',
    '',
    'Stable, checked names for VFIO device nodes:',
    '    /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio3',
    '',
    'Commands (list is the default):',
    ...commands.flatMap((command) =>
      wrap(command.summary, { indent: width + 4, first: `  ${label(command).padEnd(width)}  ` }),
    ),
    '',
    'Options of every command:',
    ...optionLines(common),
    '  -V, --version        print the version',
    '',
    ...nameLines,
    '',
    exitLines,
    '',
    'vfio-names COMMAND --help describes one command.',
    '',
  ].join('\n');
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

/** The help of one command. */
export function commandHelp(command: Command, common: Readonly<Record<string, Option>>): string {
  const ownOptions =
    Object.keys(command.options ?? {}).length > 0
      ? ['', 'Options:', ...optionLines(command.options ?? {})]
      : [];
  const details = (command.details ?? []).flatMap((text) => (isLiteral(text) ? [text] : ['', ...wrap(text)]));
  const names = command.operands?.label.includes('NAME') ? ['', ...nameLines] : [];
  const summary = command.summary.charAt(0).toUpperCase() + command.summary.slice(1);
  return [
    `Usage: ${synopsis(command)}`,
    '',
    ...wrap(`${summary}.`),
    ...details,
    ...ownOptions,
    '',
    'Options of every command:',
    ...optionLines(common),
    ...names,
    '',
    exitLines,
    '',
  ].join('\n');
}

function optionLines(options: Readonly<Record<string, Option>>): string[] {
  return Object.entries(options).flatMap(([name, option]) => {
    const short = option.short ? `-${option.short}, ` : '';
    const value = option.placeholder ? ` ${option.placeholder}` : '';
    const choices = option.choices ? ` (${option.choices.join(', ')})` : '';
    const first = `  ${`${short}--${name}${value}`.padEnd(20)} `;
    return wrap(`${option.help}${choices}`, { indent: 23, first });
  });
}
