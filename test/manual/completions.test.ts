import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { commands, commonOptions } from '../../src/cli/commands.ts';
import { completions } from '../../src/manual/completions.ts';
import { fill } from '../../src/manual/fill.ts';
import { templates } from './templates.ts';

const made = completions({ commands, common: commonOptions, templates });
const bash = made.get('vfio-names.bash') ?? '';

/** What bash offers behind words as bash splits them; the last is the one that is completed. */
function offered(words: readonly string[], { breaks = ' \t\n"\'@><=;|&(:', before = '' } = {}): string[] {
  const script = `${bash}
${before}
COMP_WORDBREAKS=$1; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_vfio_names
[ "\${#COMPREPLY[@]}" -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['--norc', '--noprofile', '-c', script, 'bash', breaks, 'vfio-names', ...words],
    { encoding: 'utf8' },
  );
  if (status !== 0 || stderr !== '') throw new Error(`bash: ${status} ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** A machine with a named PCI device, one that has no name yet, and more names; gives its directory. */
function machine(t: ExecutionContext): string {
  const root = mkdtempSync(join(tmpdir(), 'vfio-names-completion-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const link = (path: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync('../devices/vfio0', join(root, path));
  };
  link('dev/vfio/pci/0000:01:00.0');
  link('dev/vfio/pci/$(id)');
  link('dev/vfio/by-alias/gpu');
  link('dev/vfio/by-sriov/0000:02:00.0/vf0');
  mkdirSync(join(root, 'dev/vfio/devices'));
  writeFileSync(join(root, 'dev/vfio/devices/vfio0'), '');
  for (const device of [
    'pci/devices/0000:01:00.0/vfio-dev/vfio0',
    'platform/devices/fe00.gpu/vfio-dev/vfio1',
  ])
    mkdirSync(join(root, 'sys/bus', device), { recursive: true });
  mkdirSync(join(root, 'sys/bus/pci/devices/0000:09:00.0'));
  for (const node of ['vfio0', 'vfio1'])
    mkdirSync(join(root, 'sys/class/vfio-dev', node), { recursive: true });
  return root;
}

for (const [file, text] of made)
  test(`${file} has every command with all its options and choices`, (t) => {
    t.notRegex(text, /undefined|\[object|\{\{/);
    for (const command of commands)
      for (const word of command.name.split(' ')) t.regex(text, new RegExp(`\\b${word}\\b`), command.name);
    const all = commands.flatMap((command) => Object.entries({ ...command.options, ...commonOptions }));
    for (const [name, { choices }] of all) {
      t.regex(text, new RegExp(file === 'vfio-names.fish' ? `-l ${name}\\b` : `--${name}\\b`), name);
      if (choices) t.true(text.includes(choices.join(' ')), name);
    }
  });

test('an option has a value in every command or in none, since the value is left out before the command is known', (t) => {
  const types = new Map<string, string>();
  for (const command of commands)
    for (const [name, { type }] of Object.entries({ ...commonOptions, ...command.options })) {
      t.is(types.get(name) ?? type, type, name);
      types.set(name, type);
    }
});

test('a value that can be completed has a kind of its own', (t) => {
  const labels = new Set(
    commands.flatMap(({ options = {} }) =>
      Object.values(options).flatMap(({ value, choices }) => (value && !choices ? [value] : [])),
    ),
  );
  // What a new label calls for is to be decided in completions.ts.
  t.deepEqual([...labels].sort(), ['BUS', 'FILE', 'KIND', 'SECONDS', 'USER', 'UUID']);
});

test('a template or a value that is not there is an error', (t) => {
  t.throws(() => fill({}, 'manual/none', {}), { message: /templates\/manual\/none/ });
  t.throws(() => fill({ 'a/b': '{{missing}}' }, 'a/b', {}), { any: true });
});

test('bash offers commands, and the second word of those that have two', (t) => {
  t.deepEqual(offered(['']), [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]);
  t.deepEqual(offered(['do']), ['doctor']);
  t.deepEqual(offered(['rules', '']), ['render', 'check', 'install', 'uninstall']);
  t.deepEqual(offered(['--json', 'config', 's']), ['show', 'schema']);
});

for (const command of commands)
  test(`bash offers every option of ${command.name}`, (t) => {
    t.deepEqual(
      offered([...command.name.split(' '), '-']).sort(),
      Object.keys({ ...commonOptions, ...command.options })
        .map((name) => `--${name}`)
        .sort(),
    );
  });

test('bash offers choices behind a blank, behind =, and where = does not split', (t) => {
  t.deepEqual(offered(['resolve', '--print', 'd']), ['devnum']);
  t.deepEqual(offered(['resolve', '--print', '=', 'd']), ['devnum']);
  t.deepEqual(offered(['rules', 'render', '--via', '=']), ['native', 'import', 'run']);
  t.deepEqual(offered(['resolve', '--print=d'], { breaks: ' ' }), ['--print=devnum']);
});

test('bash offers the names of devices: those of links, those that have no link yet', (t) => {
  const root = machine(t);
  t.deepEqual(offered(['--root', root, 'show', '']).sort(), [
    '0000:01:00.0',
    'by-alias/gpu',
    'by-sriov/0000:02:00.0/vf0',
    'fe00.gpu',
  ]);
  t.deepEqual(offered(['show', '--root', '=', root, 'by-a']), ['by-alias/gpu']);
  t.deepEqual(offered(['verify', '--root', root, 'x', 'fe']), ['fe00.gpu']);
  t.deepEqual(offered(['show', '--root', root, 'v']), ['vfio0', 'vfio1']);
  t.deepEqual(offered(['list', '--root', root, '--bus', '']), ['pci', 'platform']);
});

test('bash completes behind a colon, where readline keeps what is before it', (t) => {
  const root = machine(t);
  const show = ['show', '--root', root];
  t.deepEqual(offered([...show, '0000', ':']), ['01:00.0']);
  t.deepEqual(offered([...show, '0000', ':', '01', ':', '0']), ['00.0']);
  t.deepEqual(offered([...show, 'pci/0000', ':', '01']), ['01:00.0']);
  t.deepEqual(offered([...show, '01', ':', '00']), ['00.0']);
  t.deepEqual(offered([...show, '0000:0'], { breaks: ' ' }), ['0000:01:00.0']);
  t.deepEqual(offered([...show, "'0000:0"]), ['0000:01:00.0']);
  t.deepEqual(offered([...show, `${root}/dev/vfio/pci/0000`, ':']), ['01:00.0']);
});

test('bash offers no name that the shell would run, and globs of the user stay as they are', (t) => {
  const root = machine(t);
  t.false(offered(['show', '--root', root, '']).some((name) => name.includes('$')));
  t.deepEqual(offered(['show', '--root', root, '*']), []);
  const before =
    'shopt -s failglob nullglob; trap "shopt failglob nullglob | grep -q off && echo changed" EXIT';
  t.deepEqual(offered(['show', '--root', '/nowhere', ''], { before }), []);
  t.deepEqual(offered(['show', '--root', root, 'gp'], { before }), []);
});

test('bash completes files, directories, users, and the program behind --', (t) => {
  const root = machine(t);
  t.deepEqual(offered(['list', '--policy', `${root}/dev/vfio/by-a`]), [`${root}/dev/vfio/by-alias`]);
  t.deepEqual(offered(['config', 'check', `${root}/d`]), [`${root}/dev`]);
  t.deepEqual(offered(['list', '--root', '=', `${root}/s`]), [`${root}/sys`]);
  t.true(offered(['exec', '--user', 'roo']).includes('root'));
  t.true(offered(['exec', 'x', '--', 'bas']).includes('bash'));
  t.deepEqual(offered(['exec', 'x', '--', 'cat', `${root}/d`]), [`${root}/dev`]);
  t.deepEqual(offered(['show', '--', '--js']), []);
  t.deepEqual(offered(['watch', '--interval', '']), []);
});
