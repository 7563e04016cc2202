import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { completions } from '../../../packaging/manual/completions.ts';
import { fillTemplate } from '../../../packaging/manual/fill.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { templates } from '../../support/templates.ts';

const files = completions({ commands, common: commonOptions, templates });
const bash = files.get('vfio-names.bash') ?? '';

/** The completions that bash offers for the last of `words`, which are split as bash splits them. */
function completionsOf(
  words: readonly string[],
  { breaks = ' \t\n"\'@><=;|&(:', before = '' } = {},
): string[] {
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

/** Creates a machine with a PCI device that has links and a platform device without a link; returns its directory. */
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

for (const [file, text] of files)
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

test('bash knows that --group takes a value after list and none after probe', (t) => {
  t.deepEqual(completionsOf(['list', '--group', 'do']), []);
  t.deepEqual(completionsOf(['probe', '--group', '--b']), ['--bind']);
  t.deepEqual(completionsOf(['list', '--group', '14', '--tr']), ['--tree']);
});

test('completions.ts handles every placeholder of an option value', (t) => {
  const labels = new Set(
    commands.flatMap(({ options = {} }) =>
      Object.values(options).flatMap(({ placeholder, choices }) =>
        placeholder && !choices ? [placeholder] : [],
      ),
    ),
  );
  // For a new placeholder, add its kind in completions.ts.
  t.deepEqual([...labels].sort(), [
    'BUS',
    'COLUMNS',
    'DRIVER',
    'FILE',
    'GROUP',
    'KIND',
    'SECONDS',
    'STATES',
    'USER',
    'UUID',
  ]);
});

test('fill throws if a template or a value is missing', (t) => {
  t.throws(() => fillTemplate({}, 'manual/none', {}), { message: /templates\/manual\/none/ });
  t.throws(() => fillTemplate({ 'a/b': '{{missing}}' }, 'a/b', {}), { any: true });
});

test('bash offers commands, and the second word of two-word commands', (t) => {
  const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
  t.deepEqual(completionsOf(['']), [...firstWords, 'help', 'version']);
  t.deepEqual(completionsOf(['help', '']), firstWords);
  t.deepEqual(completionsOf(['do']), ['doctor']);
  t.deepEqual(completionsOf(['rules', '']), ['render', 'check', 'install', 'uninstall']);
  t.deepEqual(completionsOf(['--json', 'config', 's']), ['show', 'schema']);
});

for (const command of commands)
  test(`bash offers every option of ${command.name}`, (t) => {
    t.deepEqual(
      completionsOf([...command.name.split(' '), '-']).sort(),
      Object.keys({ ...commonOptions, ...command.options })
        .map((name) => `--${name}`)
        .sort(),
    );
  });

test('bash offers choices after a space, after =, and if = does not split words', (t) => {
  t.deepEqual(completionsOf(['resolve', '--print', 'd']), ['devnum']);
  t.deepEqual(completionsOf(['resolve', '--print', '=', 'd']), ['devnum']);
  t.deepEqual(completionsOf(['rules', 'render', '--via', '=']), ['native', 'import', 'run']);
  t.deepEqual(completionsOf(['resolve', '--print=d'], { breaks: ' ' }), ['--print=devnum']);
});

test('bash offers the names of devices with and without links', (t) => {
  const root = machine(t);
  t.deepEqual(completionsOf(['--root', root, 'show', '']).sort(), [
    '0000:01:00.0',
    'by-alias/gpu',
    'by-sriov/0000:02:00.0/vf0',
    'fe00.gpu',
  ]);
  t.deepEqual(completionsOf(['show', '--root', '=', root, 'by-a']), ['by-alias/gpu']);
  t.deepEqual(completionsOf(['verify', '--root', root, 'x', 'fe']), ['fe00.gpu']);
  t.deepEqual(completionsOf(['show', '--root', root, 'v']), ['vfio0', 'vfio1']);
  t.deepEqual(completionsOf(['list', '--root', root, '--bus', '']), ['pci', 'platform']);
});

test('bash completes names after a colon, where readline keeps the text before it', (t) => {
  const root = machine(t);
  const show = ['show', '--root', root];
  t.deepEqual(completionsOf([...show, '0000', ':']), ['01:00.0']);
  t.deepEqual(completionsOf([...show, '0000', ':', '01', ':', '0']), ['00.0']);
  t.deepEqual(completionsOf([...show, 'pci/0000', ':', '01']), ['01:00.0']);
  t.deepEqual(completionsOf([...show, '01', ':', '00']), ['00.0']);
  t.deepEqual(completionsOf([...show, '0000:0'], { breaks: ' ' }), ['0000:01:00.0']);
  t.deepEqual(completionsOf([...show, "'0000:0"]), ['0000:01:00.0']);
  t.deepEqual(completionsOf([...show, `${root}/dev/vfio/pci/0000`, ':']), ['01:00.0']);
});

test('bash offers no names with shell syntax, and does not change glob options of the user', (t) => {
  const root = machine(t);
  t.false(completionsOf(['show', '--root', root, '']).some((name) => name.includes('$')));
  t.deepEqual(completionsOf(['show', '--root', root, '*']), []);
  const before =
    'shopt -s failglob nullglob; trap "shopt failglob nullglob | grep -q off && echo changed" EXIT';
  t.deepEqual(completionsOf(['show', '--root', '/nowhere', ''], { before }), []);
  t.deepEqual(completionsOf(['show', '--root', root, 'gp'], { before }), []);
});

test('bash completes files, directories, users, and the command after --', (t) => {
  const root = machine(t);
  t.deepEqual(completionsOf(['list', '--policy', `${root}/dev/vfio/by-a`]), [`${root}/dev/vfio/by-alias`]);
  t.deepEqual(completionsOf(['config', 'check', `${root}/d`]), [`${root}/dev`]);
  t.deepEqual(completionsOf(['list', '--root', '=', `${root}/s`]), [`${root}/sys`]);
  t.true(completionsOf(['exec', '--user', 'roo']).includes('root'));
  t.true(completionsOf(['exec', 'x', '--', 'bas']).includes('bash'));
  t.deepEqual(completionsOf(['exec', 'x', '--', 'cat', `${root}/d`]), [`${root}/dev`]);
  t.deepEqual(completionsOf(['show', '--', '--js']), []);
  t.deepEqual(completionsOf(['watch', '--interval', '']), []);
});
