import test from 'ava';
import { parseCommandLine } from '../../../src/cli/args.ts';
import type { Command } from '../../../src/cli/command.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { errorLine } from '../../support/error-line.ts';

const table: readonly Command[] = commands.filter((command) =>
  ['list', 'resolve', 'verify', 'rules render', 'rules check', 'plan'].includes(command.name),
);
const tty = { env: {}, stdoutIsTty: true };

function parse(line: string, terminal = tty) {
  return parseCommandLine(line === '' ? [] : line.split(' '), table, commonOptions, terminal);
}

function invocation(line: string, terminal = tty) {
  const parsed = parse(line, terminal);
  if (parsed.kind !== 'run') throw new Error(`${line} is no invocation`);
  return parsed.invocation;
}

const runs = test.macro({
  exec(t, line: string, name: string) {
    t.is(invocation(line).command.name, name);
  },
  title: (_, line: string, name: string) => `"${line}" runs the command ${name}`,
});
test(runs, '', 'list');
test(runs, '--json', 'list');
test(runs, '--long', 'list');
test(runs, 'plan', 'plan');
test(runs, '--json plan', 'plan');
test(runs, '--root /mnt plan', 'plan');
test(runs, '--root=/mnt plan', 'plan');
test(runs, '-q plan', 'plan');
test(runs, 'ls', 'list');
test(runs, '--json status', 'list');
test(runs, 'rules render', 'rules render');
test(runs, '--json rules check', 'rules check');

test('options, values and operands are parsed in any order', (t) => {
  const { root, json, quiet, verbose, operands, values } = invocation(
    '-q resolve --print link vfio3 --root /mnt/',
  );
  t.deepEqual(
    { root, json, quiet, verbose, operands },
    { root: '/mnt', json: false, quiet: true, verbose: false, operands: ['vfio3'] },
  );
  t.is(values['print'], 'link');
});

test('all arguments after -- are operands', (t) => {
  t.deepEqual(invocation('resolve -- --json').operands, ['--json']);
});

test('colour is used only on a terminal, without --no-color, NO_COLOR and TERM=dumb', (t) => {
  t.true(invocation('plan').colour);
  t.false(invocation('plan --no-color').colour);
  t.false(invocation('plan', { ...tty, stdoutIsTty: false }).colour);
  t.false(invocation('plan', { ...tty, env: { NO_COLOR: '1' } }).colour);
  t.true(invocation('plan', { ...tty, env: { NO_COLOR: '' } }).colour);
  t.false(invocation('plan', { ...tty, env: { TERM: 'dumb' } }).colour);
});

test('--help prints the general help, or that of the command', (t) => {
  t.deepEqual(parse('--help'), { kind: 'help' });
  t.deepEqual(parse('-h'), { kind: 'help' });
  const help = parse('resolve --help');
  t.is(help.kind === 'help' ? help.command?.name : '', 'resolve');
});

for (const line of [
  '--version',
  '-V',
  'version',
  'list -V',
  '--version list',
  '--root / version',
  'resolve x --version',
])
  test(`"${line}" prints the version`, (t) => {
    t.deepEqual(parse(line), { kind: 'version' });
  });

const helps = test.macro({
  exec(t, line: string, expected: { command?: string; group?: string }) {
    const parsed = parse(line);
    t.is(parsed.kind, 'help');
    if (parsed.kind !== 'help') return;
    t.deepEqual(
      { command: parsed.command?.name, group: parsed.group },
      { command: undefined, group: undefined, ...expected },
    );
  },
  title: (_, line: string) => `"${line}" is a question for help`,
});
test(helps, 'help', {});
test(helps, 'help help', {});
test(helps, 'help --json', {});
test(helps, '--json help resolve', { command: 'resolve' });
test(helps, 'help resolve --root /mnt', { command: 'resolve' });
test(helps, 'help ls', { command: 'list' });
test(helps, 'help rules check', { command: 'rules check' });
test(helps, 'help rules', { group: 'rules' });
test(helps, 'rules --help', { group: 'rules' });
test(helps, '--root / rules -h', { group: 'rules' });
test(helps, 'ls --help', { command: 'list' });

const rejected = test.macro({
  exec(t, line: string, message: string) {
    const error = t.throws(() => parse(line), { instanceOf: VfioNamesError });
    t.is(error?.status, 2);
    t.is(errorLine(error), message);
  },
  title: (_, line: string) => `"${line}" is rejected`,
});
test(rejected, 'lisst', 'expected a command, found lisst; did you mean list? See vfio-names --help');
test(rejected, 'frobnicate', 'expected a command, found frobnicate; see vfio-names --help');
test(rejected, 'help lisst', 'expected a command, found lisst; did you mean list? See vfio-names --help');
test(rejected, 'help list plan', 'help: expected one command, found plan, too; see vfio-names --help');
test(
  rejected,
  'help rules chekc',
  'rules: expected one of render, check, found chekc; did you mean rules check? See vfio-names rules --help',
);
test(rejected, 'who', 'expected a command, found who; did you mean holders? See vfio-names --help');
test(rejected, 'Check', 'expected a command, found Check; did you mean verify? See vfio-names --help');
test(rejected, 'constructor', 'expected a command, found constructor; see vfio-names --help');
test(
  rejected,
  'plan --color',
  'plan has no option --color; did you mean --no-color? See vfio-names plan --help',
);
test(rejected, 'evil\u001b[2J', 'expected a command, found evil\\x1b[2J; see vfio-names --help');
test(rejected, 'rules', 'rules: expected one of render, check, found nothing; see vfio-names rules --help');
test(
  rejected,
  'rules chekc',
  'rules: expected one of render, check, found chekc; did you mean rules check? See vfio-names rules --help',
);
test(rejected, 'plan --jsom', 'plan has no option --jsom; did you mean --json? See vfio-names plan --help');
test(rejected, 'plan -o json', 'plan has no option -o; did you mean --json? See vfio-names plan --help');
test(rejected, 'plan --wide', 'plan has no option --wide; see vfio-names plan --help');
test(
  rejected,
  'list --ALL',
  'list has no option --ALL; list shows every device that is bound to VFIO; vfio-names graph --all shows the others, too',
);
test(rejected, '--frob', 'list has no option --frob; see vfio-names list --help');
test(rejected, 'plan -x', 'plan has no option -x; see vfio-names plan --help');
test(rejected, 'plan --constructor', 'plan has no option --constructor; see vfio-names plan --help');
test(rejected, '--toString', 'list has no option --toString; see vfio-names list --help');
test(rejected, 'plan extra', 'plan takes no operands, found extra; see vfio-names plan --help');
test(rejected, 'resolve', 'resolve: expected NAME, found nothing; see vfio-names resolve --help');
test(rejected, 'resolve a b', 'resolve takes one NAME, found b; see vfio-names resolve --help');
test(
  rejected,
  'resolve a --print nod',
  'expected --print to be one of node, link, name, devnum, syspath, group, found nod; did you mean node? See vfio-names resolve --help',
);
test(rejected, 'plan --root=', 'expected DIR after --root, found nothing; see vfio-names plan --help');

test('a word for what vfio-names does not do has advice instead of a command', (t) => {
  for (const [word, advice] of [
    ['unbind', /^vfio-names takes no device from a driver/],
    ['completion', /bash, zsh and fish/],
  ] as const)
    t.regex(t.throws(() => parse(word), { instanceOf: VfioNamesError })?.hint ?? '', advice);
});

test('an empty NAME is rejected', (t) => {
  t.throws(() => parseCommandLine(['resolve', ''], table, commonOptions, tty), {
    message: /found an empty argument/,
  });
});

test(rejected, 'plan --json=yes', 'expected --json without a value, found one; see vfio-names plan --help');
test(rejected, 'plan --quiet=1', 'expected --quiet without a value, found one; see vfio-names plan --help');
test(rejected, 'plan --root', 'expected DIR after --root, found nothing; see vfio-names plan --help');
test(
  rejected,
  'plan --root --json',
  'expected DIR after --root, found another option; see vfio-names plan --help',
);

test(
  rejected,
  'plan --root /a --host-root /b',
  'expected --root or --host-root, found both; see vfio-names plan --help',
);

for (const [line, ownTree] of [
  ['plan', true],
  ['plan --root /', true],
  ['plan --root //', true],
  ['plan --root /mnt', false],
  ['plan --host-root /mnt', true],
  ['exec --host-root /mnt vfio3 -- cmd', true],
  ['probe --root / vfio3', true],
] as const)
  test(`"${line}" works on ${ownTree ? "this machine's own tree" : 'a tree of somebody else'}`, (t) => {
    const parsed = parseCommandLine(line.split(' '), commands, commonOptions, tty);
    t.is(parsed.kind === 'run' && parsed.invocation.ownTree, ownTree);
  });

for (const line of ['exec --root /mnt vfio3 -- cmd', 'probe --root /mnt vfio3', 'probe --all --root=/mnt'])
  test(`"${line}" is rejected, since devices are opened only on this machine's own tree`, (t) => {
    t.throws(() => parseCommandLine(line.split(' '), commands, commonOptions, tty), {
      message: /^\w+ opens devices, expected this machine's own tree, found --root \/mnt$/,
    });
  });
