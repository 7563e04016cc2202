import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { scratch } from '../links/world.ts';

const top = resolve(import.meta.dirname, '../..');

function install(...words: readonly string[]) {
  return spawnSync('bash', [join(top, 'packaging/install.sh'), ...words], { encoding: 'utf8' });
}

/** The programs and scripts of services below a directory, by path. */
function executables(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => {
      const status = statSync(join(dir, path));
      return status.isFile() && (status.mode & 0o111) !== 0;
    })
    .sort();
}

test('each manager of services gets its script where its directory is given, and nowhere else', (t) => {
  const main = ['--part', 'main', '--paths', 'fedora', '--koffi', '', '--unitdir', ''];
  const [bare, all] = [scratch(t), scratch(t)];
  t.is(install('--destdir', bare, ...main).status, 0);
  const directories = ['--openrcdir', '/etc/init.d', '--runitdir', '/etc/sv', '--s6dir', '/etc/s6/sv'];
  t.is(install('--destdir', all, ...main, ...directories).status, 0);
  const added = executables(all).filter((path) => !executables(bare).includes(path));
  t.deepEqual(added, ['etc/init.d/vfio-names', 'etc/s6/sv/vfio-names/run', 'etc/sv/vfio-names/run']);
});

test('a program that is not built is told of before anything is put', (t) => {
  const dest = scratch(t);
  const { status, stderr } = install('--destdir', dest, '--part', 'udev', '--native', '/nowhere/vfio_id');
  t.is(status, 2);
  t.regex(stderr, /^packaging\/install\.sh: expected \/nowhere\/vfio_id, found none; .*\n$/);
  t.false(existsSync(dest));
});

for (const [what, words, expected] of [
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
  test(`${what} is refused in one line, with status 2`, (t) => {
    const { status, stderr } = install(...words);
    t.is(status, 2);
    t.is(stderr, `packaging/install.sh: ${expected}\n`);
  });
}
