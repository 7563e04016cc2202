import test from 'ava';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { commandHelp, overview, synopsis } from '../../../src/cli/help.ts';
import { runCli } from '../../support/cli.ts';

test('the general help has every command, every common option, the forms of NAME and the exit statuses', (t) => {
  const text = overview(commands, commonOptions);
  for (const command of commands) t.true(text.includes(`\n  ${command.name}`), command.name);
  for (const option of Object.keys(commonOptions)) t.true(text.includes(`--${option}`), option);
  t.regex(text, /^NAME is any of: .*247:3/m);
  t.regex(text, /^Exit status: 0 fine; 1 findings;/m);
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
  });
}

test('help lines have at most 80 columns and no trailing spaces', (t) => {
  const all = [
    overview(commands, commonOptions),
    ...commands.map((command) => commandHelp(command, commonOptions)),
  ];
  for (const line of all.flatMap((text) => text.split('\n'))) {
    t.true(line.length <= 80, line);
    t.notRegex(line, / $/);
  }
});

test('--version prints the version of the package', async (t) => {
  const { status, out } = await runCli(['--version']);
  t.is(status, 0);
  t.regex(out, /^vfio-names \d+\.\d+\.\d+\n$/);
});
