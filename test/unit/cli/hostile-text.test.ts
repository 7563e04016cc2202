/** No text from outside, and no message of an error, brings a raw control character to the terminal. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Command } from '../../../src/cli/command.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { type CliResult, runCli } from '../../support/cli.ts';
import { fakeFiles } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';
import { sample } from './sample.ts';

/** ESC, a line break, DEL, CSI as C1, a bidirectional override and a line separator. */
const hostileName = 'a\u001b[31m\nb\u007f\u009b2J\u202e\u2028c';
/** The same with half a surrogate pair, which no file name has. */
const hostile = `${hostileName}\ud800`;

const control =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/;

/** Checks every line that was printed, and that something was; returns the codes of the errors (from --verbose). */
function checkPrinted(t: ExecutionContext, { out, err }: CliResult, what: string): string[] {
  for (const line of [...err, ...out.split('\n')]) t.notRegex(line, control, what);
  t.true(err.length > 0 || out !== '', `${what} prints nothing`);
  return err.flatMap((line) => /^vfio-names: code ([\w-]+)/.exec(line)?.[1] ?? []);
}

/** Arguments with which a command gets past its operands: a device that exists. */
function plainArgs({ name, operands }: Command): string[] {
  return operands && (operands.min > 0 || name === 'probe') ? ['vfio0'] : [];
}

function run(command: Command, files: readonly string[], ...args: readonly string[]): Promise<CliResult> {
  const tail = command.commandArgs === undefined ? [] : ['--', 'true'];
  return runCli(['-v', ...command.name.split(' '), ...args, ...files, ...tail]);
}

for (const command of commands) {
  test(`${command.name} escapes control characters of a hostile operand and of an unknown option`, async (t) => {
    const { root } = sample(t);
    const rootArgs = ['--root', root.dir];
    const operand = await run(command, [hostile], ...rootArgs);
    t.not(operand.status, 0);
    checkPrinted(t, operand, 'operand');
    const option = await run(command, [], `--${hostile}`, ...rootArgs);
    t.deepEqual([option.status, option.err.length], [2, 1]);
    checkPrinted(t, option, 'option');
  });

  const options = { ...commonOptions, ...command.options };
  for (const [name, { type }] of Object.entries(options))
    if (type === 'string')
      test(`${command.name} escapes control characters of a hostile --${name}`, async (t) => {
        const { root } = sample(t);
        // A file that would be written: a directory is there, which is refused.
        fs.mkdirSync(root.at(`/${hostileName}`));
        const value = ['metrics', 'output', 'nfd'].includes(name) ? root.at(`/${hostileName}`) : hostile;
        const rootArgs = name === 'root' ? [] : ['--root', root.dir];
        checkPrinted(t, await run(command, plainArgs(command), `--${name}`, value, ...rootArgs), name);
      });
}

/** Commands that read a machine and end by themselves. */
const readers = [
  'list',
  'list --long',
  'plan',
  'sync',
  'verify',
  'doctor',
  'graph',
  'graph --all',
  'graph --format dot',
  'holders',
  'cdi',
  'cdi --bus platform --interface group',
  'nfd',
  'bind --dry-run',
  'rules check',
  'rules install --dry-run',
  'config check',
  'config show',
];

test('every command escapes control characters of devices, drivers, links, processes and accounts', async (t) => {
  const { root } = sample(t);
  root.add({
    bus: 'platform',
    name: hostileName,
    sysname: 'vfio7',
    driver: hostileName,
    group: '17',
    attributes: { label: hostile, vendor: hostile },
  });
  root.add({ bus: 'platform', name: `${hostileName}2`, driver: hostileName, group: '17' });
  root.add({ bus: hostileName, name: 'x', sysname: 'vfio8' });
  root.add({ name: '0000:09:00.0', sysname: 'vfio9', noNode: true });
  root.linkWithTarget(`/sys/class/vfio-dev/${hostileName}`, hostileName);
  root.write(`/dev/vfio/platform/${hostileName}`, 'in the way');
  root.linkWithTarget(`/dev/vfio/by-x/${hostileName}`, '../devices/vfio0');
  root.linkWithTarget(`/dev/vfio/pci/0000:01:00.0`, `/dev/${hostileName}`);
  root.write(`/dev/vfio/devices/${hostileName}`, '');
  root.write('/proc/7/comm', `${hostile}\n`);
  fs.mkdirSync(root.at('/proc/7/fd'));
  fs.symlinkSync('/dev/vfio/devices/vfio7', root.at('/proc/7/fd/3'));
  root.write('/etc/passwd', `${hostileName.replace('\n', '')}:x:0:0:::\n`);
  root.write('/etc/os-release', `PRETTY_NAME="${hostile.replace('\n', '')}"\n`);
  root.linkWithTarget('/etc/udev/rules.d/70-vfio-names.rules', hostileName);
  for (const line of readers)
    checkPrinted(t, await runCli(['-v', ...line.split(' '), '--root', root.dir]), line);
  for (const name of [`platform/${hostileName}`, hostileName, `/dev/vfio/by-x/${hostileName}`])
    for (const command of ['show', 'resolve', 'verify', 'holders'])
      checkPrinted(t, await runCli(['-v', command, name, '--root', root.dir]), command);
});

/** The text of a TOML string, in which every character is possible, NUL too. */
const toml = JSON.stringify(`\u0000${hostileName}`).replace(
  /[\u007f-\uffff]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
);

for (const [what, text] of [
  ['no TOML', `${hostileName} =`],
  ['an unknown key', `${toml} = 1\n`],
  ['an unknown fact', `[[link]]\nname = "by-x/{{name}}"\nmatch = { ${toml} = "x" }\n`],
  ['a hostile pattern', `[[link]]\nname = "by-x/{{name}}"\nmatch = { driver = ${toml} }\n`],
  ['a hostile name', `[[link]]\nname = ${toml}\nmatch = { driver = "x" }\n`],
  ['a hostile helper', `[[link]]\nname = "by-x/{{${hostileName.replace('\n', '')} name}}"\n`],
  ['a hostile alias', `[names.by-alias.${toml}]\nname = "0000:01:00.0"\n`],
  ['a hostile account', `[[access]]\nowner = ${toml}\n`],
  ['a hostile mode', `[[access]]\nmode = ${toml}\n`],
  ['a hostile bus', `[[link]]\nname = "by-x/{{name}}"\nmatch = { bus = ${toml} }\n`],
] as const)
  test(`every command escapes control characters of a policy file with ${what}`, async (t) => {
    const { root } = sample(t);
    root.write(`/etc/vfio-names/${hostileName}.toml`, text);
    root.write('/etc/passwd', 'root:x:0:0:::\n');
    for (const line of ['list', 'doctor', 'rules render', 'config check', 'config show'])
      checkPrinted(t, await runCli(['-v', ...line.split(' '), '--root', root.dir]), `${line}: ${what}`);
  });

test('every command escapes the name of a policy file that is a FIFO, a loop or without a target', async (t) => {
  for (const target of [undefined, `${hostileName}.toml`, '/nowhere']) {
    const { root } = sample(t);
    const path = `/etc/vfio-names/${hostileName}.toml`;
    if (target !== undefined) root.linkWithTarget(path, target);
    else {
      fs.mkdirSync(root.at('/etc/vfio-names'));
      t.is(spawnSync('mkfifo', [root.at(path)]).status, 0);
    }
    for (const line of ['list', 'config check'])
      t.deepEqual(
        checkPrinted(t, await runCli(['-v', ...line.split(' '), '--root', root.dir]), line),
        ['policy'],
        `${line} with ${target}`,
      );
  }
});

/** All codes in the source, with `no-link` and so on for the one that is made of a property. */
const codes = [
  ...new Set(
    fs
      .readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => [
        ...fs.readFileSync(`src/${path}`, 'utf8').matchAll(/new VfioNamesError\(\s*['`]([\w-]+)/g),
      ])
      .map(([, code = '']) => code),
  ),
].sort();

test('an error of any code prints as one line of its message and hint, without a raw control character', async (t) => {
  t.true(codes.length >= 20, codes.join());
  const { root } = sample(t);
  const facts = { hint: hostile, path: hostile, device: hostile, cause: new Error(hostile) };
  for (const code of [...codes, hostile]) {
    const files = hookedFiles(({ name, path }) => {
      if (name === 'readdir' && path.endsWith('/vfio-names'))
        throw new VfioNamesError(code, 1, hostile, facts);
    }, fakeFiles);
    const { status, out, err } = await runCli(['-v', 'plan', '--root', root.dir], { files });
    t.deepEqual([status, out, err.length], [1, '', 2]);
    const escaped = 'a\\x1b[31m\\x0ab\\x7f\\x9b2J\\u202e\\u2028c\\ud800';
    t.is(err[0], `vfio-names: ${escaped}; ${escaped}`);
    t.notRegex(err[1] ?? '', control);
  }
});
