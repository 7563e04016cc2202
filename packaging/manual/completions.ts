/** Generates the completions for bash, zsh and fish from the command table; the shell code is in the templates. */
import type { Command, Option } from '../../src/cli/command.ts';
import { fillTemplate } from './fill.ts';
import type { Sources } from './pages.ts';
import { quoteFish, quoteZshArgument } from './quote.ts';

/** The completion files by the file name that each shell expects. */
export function completions(
  sources: Pick<Sources, 'commands' | 'common' | 'templates'>,
): ReadonlyMap<string, string> {
  const values = completionView(sources.commands, sources.common);
  return new Map(
    Object.entries({ 'vfio-names.bash': 'bash', '_vfio-names': 'zsh', 'vfio-names.fish': 'fish' }).map(
      ([file, shell]) => [file, fillTemplate(sources.templates, `completions/${shell}`, values)],
    ),
  );
}

/** What to complete after an option or a command: `device`, `file`, `directory`, `bus`, `user`; `word` if nothing can be completed. */
function kindOf(label = ''): string {
  if (label.includes('NAME')) return 'device';
  if (label.includes('FILE')) return 'file';
  if (label === 'DIR') return 'directory';
  if (label === 'USER') return 'user';
  return label === 'BUS' ? 'bus' : 'word';
}

/** The action of zsh's _arguments for each kind. */
const zshKinds: Readonly<Record<string, string>> = {
  device: '_vfio_names_devices',
  file: '_files',
  directory: '_files -/',
  bus: '_vfio_names_buses',
  user: '_users',
  word: ' ',
};

/** The options of fish's complete for each kind. */
const fishKinds: Readonly<Record<string, string>> = {
  device: " -x -a '(__vfio_names_devices)'",
  file: ' -r -F',
  directory: " -x -a '(__fish_complete_directories)'",
  bus: " -x -a '(__vfio_names_buses)'",
  user: " -x -a '(__fish_complete_users)'",
  word: ' -x',
};

function optionView([name, option]: readonly [string, Option]): object {
  const kind = kindOf(option.placeholder);
  const choices = (option.choices ?? []).join(' ');
  return {
    ...{ name, kind, choices, takesValue: option.type === 'string' },
    zsh: zshOption(name, option),
    fish: [
      ` -l ${name}`,
      option.short ? ` -s ${option.short}` : '',
      choices ? ` -x -a '${choices}'` : option.type === 'string' ? fishKinds[kind] : '',
      ` -d ${quoteFish(option.help)}`,
    ].join(''),
  };
}

/** A specification of _arguments: `'(-l --long)'{-l,--long}'[more columns]'`. */
function zshOption(name: string, { short, help, placeholder, choices, type }: Option): string {
  const flags = short ? `'(-${short} --${name})'{-${short},--${name}}'` : `'--${name}`;
  const action = choices ? `(${choices.join(' ')})` : zshKinds[kindOf(placeholder)];
  const argument = type === 'string' ? `:${placeholder}:${action}` : '';
  return `${flags}${type === 'string' ? '=' : ''}[${quoteZshArgument(help)}]${argument}'`;
}

function completionView(commands: readonly Command[], common: Sources['common']): object {
  const views = commands.map((command) => {
    const [first = '', second = ''] = command.name.split(' ');
    const options = Object.entries({ ...command.options, ...common });
    const operand = command.operands ? kindOf(command.operands.label) : '';
    return {
      ...{ name: command.name, first, second, summary: command.summary },
      options: options.map(optionView),
      own: Object.entries(command.options ?? {}).map(optionView),
      words: options.map(([name]) => `--${name}`).join(' '),
      operand,
      zshOperand: zshKinds[operand] ?? '',
      fishOperand: fishKinds[operand] ?? '',
      tail: command.commandArgs ?? '',
      many: (command.operands?.max ?? 0) > 1,
    };
  });
  const groups = [...new Set(views.filter(({ second }) => second !== '').map(({ first }) => first))];
  const all = commands.flatMap((command) => Object.entries({ ...common, ...command.options }));
  const names = (type: Option['type']) => all.filter((entry) => entry[1].type === type).map(([name]) => name);
  const [flags, valued] = [names('boolean'), [...new Set(names('string'))]];
  // An option such as --group of list and of probe takes a value in one command only.
  const mixed = commands.flatMap(({ name, options = {} }) =>
    valued
      .filter((option) => flags.includes(option) && options[option]?.type === 'string')
      .map((option) => `${name} --${option}`),
  );
  return {
    commands: views,
    single: views.filter(({ second }) => second === ''),
    firstWords: [...new Set(views.map(({ first }) => first))].join(' '),
    groups: groups.map((first) => {
      const members = views.filter((view) => view.first === first);
      return {
        first,
        members,
        words: members.map(({ second }) => second).join(' '),
        list: members.map(({ second }) => second).join(', '),
      };
    }),
    groupWords: groups.join(' '),
    valued: valued.flatMap((name) => (flags.includes(name) ? [] : [`--${name}`])).join(' '),
    mixed: mixed.join('|'),
    mixedList: mixed.map((pair) => `'${pair}'`).join(' '),
    common: Object.entries(common).map(optionView),
  };
}
