import test from 'ava';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { commandStatuses } from '../../../src/cli/exit-statuses.ts';
import { commandHelp, groupHelp, helpWidth, overview, synopsis } from '../../../src/cli/help.ts';
import { runCli } from '../../support/cli.ts';

test('the general help has every command, every common option, the forms of NAME and the exit statuses', (t) => {
  const text = overview(commands, commonOptions);
  for (const command of commands) t.true(text.includes(`\n  ${command.name}`), command.name);
  for (const option of Object.keys(commonOptions)) t.true(text.includes(`--${option}`), option);
  t.regex(text, /^NAME is any of: .*247:3/m);
  t.regex(text, /^Exit status:\n {2}0 {2}success\n {2}1 {2}problems found\n/m);
});

for (const command of commands) {
  test(`${command.name} --help prints its synopsis and options to stdout, with status 0`, async (t) => {
    const { status, out, err } = await runCli([...command.name.split(' '), '--help']);
    t.is(status, 0);
    t.deepEqual(err, []);
    t.true(out.startsWith(`Usage: ${synopsis(command)}\n`));
    t.is(out, commandHelp(command, commonOptions));
    for (const [name, option] of Object.entries(command.options ?? {})) {
      t.true(out.includes(`--${name}${option.placeholder ? ` ${option.placeholder}` : ''}`), name);
      t.true(out.replace(/\s+/g, ' ').includes(option.help), name);
    }
  });

  test(`the table row of ${command.name} has a summary, valid operands and a module`, async (t) => {
    t.regex(command.summary, /^[^A-Z\n][^\n]*[^.\n]$/);
    const { min = 0, max = 0 } = command.operands ?? {};
    t.true(min <= max);
    for (const name of Object.keys(command.options ?? {})) t.false(name in commonOptions);
    t.is(typeof (await command.load()), 'function');
    const statuses = commandStatuses[command.name] ?? [];
    t.true(
      statuses.some(([status]) => status === 0 || status === 127),
      'no exit status',
    );
    const numbers = statuses.map(([status]) => status);
    t.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
  });
}

for (const width of [40, 60, 80, 100])
  test(`help lines fit ${width} columns, except for examples and words that are longer, and have no trailing spaces`, (t) => {
    const all = [
      overview(commands, commonOptions, width),
      groupHelp('rules', commands, commonOptions, width),
      ...commands.map((command) => commandHelp(command, commonOptions, width)),
    ];
    for (const line of all.flatMap((text) => text.split('\n'))) {
      const isWord = !line.trim().includes(' ');
      t.true(line.length <= width || isWord || (width < 80 && line.startsWith('    ')), line);
      t.notRegex(line, / $/);
    }
  });

test('the help of a group has its commands and no other', (t) => {
  const text = groupHelp('rules', commands, commonOptions);
  t.true(text.startsWith('Usage: vfio-names rules COMMAND [OPTION...]\n'));
  for (const { name } of commands) t.is(text.includes(`\n  ${name} `), name.startsWith('rules '), name);
});

test('help is as wide as the terminal, from 24 to 100 columns, and 80 elsewhere', async (t) => {
  t.deepEqual([undefined, 1, 50, 300].map(helpWidth), [80, 24, 50, 100]);
  const widest = async (stdoutIsTty: boolean, env: Record<string, string> = {}): Promise<number> => {
    const { out } = await runCli(['help', 'sync'], { process: { env } }, { stdoutIsTty, columns: () => 60 });
    return Math.max(...out.split('\n').map((line) => line.length));
  };
  t.true((await widest(true)) <= 60);
  t.true((await widest(true, { COLUMNS: '50' })) <= 50);
  t.true((await widest(false, { COLUMNS: '50' })) > 70);
});

test('--version prints the version of the package', async (t) => {
  const { status, out } = await runCli(['--version']);
  t.is(status, 0);
  t.regex(out, /^vfio-names \d+\.\d+\.\d+\n$/);
});
