import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { scratchPath } from '../../support/world.ts';

const top = resolve(import.meta.dirname, '../../..');

function install(...args: readonly string[]) {
  return spawnSync('bash', [join(top, 'packaging/install.sh'), ...args], { encoding: 'utf8' });
}

/** The paths of all executable files below a directory, sorted. */
function executables(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => {
      const status = statSync(join(dir, path));
      return status.isFile() && (status.mode & 0o111) !== 0;
    })
    .sort();
}

/** A directory with empty native programs, for the options --native. */
function programs(t: ExecutionContext): string {
  const dir = scratchPath(t);
  mkdirSync(dir);
  for (const name of ['vfio-names', 'vfio_id', 'licenses.txt']) writeFileSync(join(dir, name), '');
  return dir;
}

// Without the manual, the completions and the schemas, which only a build creates.
const withoutBuilt = ['--mandir', '', '--bash', '', '--zsh', '', '--fish', '', '--datadir', ''];

test('install.sh installs the service scripts of exactly those service managers whose directory is given', (t) => {
  const options = ['--paths', 'fedora', '--unitdir', '', '--native', programs(t), ...withoutBuilt];
  const [bare, all] = [scratchPath(t), scratchPath(t)];
  t.is(install('--destdir', bare, ...options).status, 0);
  const directories = ['--openrcdir', '/etc/init.d', '--runitdir', '/etc/sv', '--s6dir', '/etc/s6/sv'];
  t.is(install('--destdir', all, ...options, ...directories).status, 0);
  const added = executables(all).filter((path) => !executables(bare).includes(path));
  t.deepEqual(added, ['etc/init.d/vfio-names', 'etc/s6/sv/vfio-names/run', 'etc/sv/vfio-names/run']);
  t.true(existsSync(join(all, 'etc/conf.d/vfio-names')));
});

test('install.sh writes the directory of the program into the services', (t) => {
  const dest = scratchPath(t);
  const options = [
    '--bindir',
    '/opt/bin',
    '--openrcdir',
    '/etc/init.d',
    '--native',
    programs(t),
    ...withoutBuilt,
  ];
  t.is(install('--destdir', dest, ...options).status, 0);
  t.true(existsSync(join(dest, 'opt/bin/vfio-names')));
  const unit = readFileSync(join(dest, 'usr/lib/systemd/system/vfio-names.service'), 'utf8');
  t.regex(unit, /^ExecStart=\/opt\/bin\/vfio-names watch$/m);
  const openrc = readFileSync(join(dest, 'etc/init.d/vfio-names'), 'utf8');
  t.regex(openrc, /^command="\/opt\/bin\/vfio-names"$/m);
});

test('install.sh reports a program that is not built before it installs anything', (t) => {
  const dest = scratchPath(t);
  const { status, stderr } = install('--destdir', dest, '--native', '/nowhere');
  t.is(status, 2);
  t.regex(stderr, /^packaging\/install\.sh: expected \/nowhere\/vfio-names, found none; .*\n$/);
  t.false(existsSync(dest));
});

for (const [problem, args, expected] of [
  ['a relative destination', ['--destdir', 'here'], "expected --destdir and an absolute path, found 'here'"],
  [
    'an unknown option',
    ['--into', '/x'],
    'expected one of the options at the head of this file, found --into',
  ],
  [
    'a relative directory',
    ['--destdir', '/x', '--runitdir', 'etc/sv'],
    "expected an absolute path or '' after --runitdir, found 'etc/sv'",
  ],
  ['an option without its value', ['--destdir'], 'expected a value after --destdir'],
  [
    'an unknown family',
    ['--destdir', '/x', '--paths', 'slackware'],
    'expected --paths debian, fedora, arch or alpine, found slackware',
  ],
] as const) {
  test(`install.sh rejects ${problem} with one line and status 2`, (t) => {
    const { status, stderr } = install(...args);
    t.is(status, 2);
    t.is(stderr, `packaging/install.sh: ${expected}\n`);
  });
}
