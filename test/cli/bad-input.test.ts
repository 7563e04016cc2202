import * as fs from 'node:fs';
import test from 'ava';
import { runCli } from '../helpers/cli.ts';
import { failure, hookedFiles } from '../helpers/hooked-files.ts';
import { sample } from './sample.ts';

const everyCommand = [['list'], ['show', 'vfio0'], ['resolve', 'vfio0'], ['plan'], ['sync'], ['verify']];

const bad = test.macro({
  async exec(t, words: readonly string[], status: number, pattern: RegExp) {
    const { root, run } = sample(t);
    await run('sync');
    const before = root.links();
    const result = await run(...words);
    t.is(result.status, status);
    t.is(result.out, '', 'stdout carries results only');
    t.is(result.err.length, 1);
    t.regex(result.err[0] ?? '', pattern);
    t.true(result.err[0]?.startsWith('vfio-names: ') && !result.err[0].includes('\n'));
    t.deepEqual(root.links(), before, 'nothing that was right is lost');
  },
  title: (_, words: readonly string[]) => `"${words.join(' ').slice(0, 40)}" is one line on stderr`,
});

test(bad, ['frob'], 2, /expected a command, found frob/);
test(bad, [''], 2, /expected a command, found an empty word; see vfio-names --help$/);
test(bad, ['sync', '--frob'], 2, /expected an option of sync, found --frob/);
test(bad, ['sync', 'extra'], 2, /expected no operand, found extra/);
test(bad, ['list', '--policy', '/none.toml'], 2, /\/none\.toml/);
for (const command of ['show', 'resolve', 'verify']) {
  test(bad, [command, '0000:99:00.0'], 3, /found none called 0000:99:00\.0/);
  test(bad, [command, '01:00.0'], 2, /01:00\.0 fits 2 devices: pci\/0000:01:00\.0, pci\/10000:01:00\.0/);
  test(bad, [command, 'a\nb\u001b'], 3, /found none called a\\x0ab\\x1b/);
  test(bad, [command, `pci/${'x'.repeat(300)}`], 3, /found none called/);
  test(bad, [command, '../../etc/passwd'], 3, /found none called/);
  test(bad, [command, '/none'], 3, /expected a device node at \/none, found nothing/);
  test(bad, [command, '/etc'], 3, /expected a device node at \/etc, found a directory/);
  test(bad, [command, '/dev/vfio/14'], 3, /found none called \/dev\/vfio\/14/);
}

for (const [what, path, found] of [
  ['does not exist', 'none', 'nothing'],
  ['is a file', 'file', 'a file'],
  ['lies below a file', 'file/below', 'ENOTDIR'],
] as const)
  test(`a root that ${what} is refused by every command with status 2`, async (t) => {
    const { root } = sample(t);
    root.write('/file', '');
    for (const words of everyCommand)
      t.deepEqual(await runCli([...words, '--root', root.at(path)]), {
        status: 2,
        out: '',
        err: [
          `vfio-names: expected a directory at --root ${root.at(path)}, found ${found}; give the top of a system's tree`,
        ],
      });
  });

test('a system call that no command expects to fail is one line, with status 4 where it was not permitted', async (t) => {
  const { root } = sample(t);
  for (const [errno, status] of [
    ['EACCES', 4],
    ['EIO', 1],
  ] as const)
    for (const words of everyCommand) {
      const files = hookedFiles(({ path }) => {
        if (path.startsWith(root.at('/sys')))
          throw Object.assign(failure(errno), { syscall: 'scandir', path });
      });
      const { status: found, out, err } = await runCli([...words, '--root', root.dir], { files });
      t.is(found, status, words.join(' '));
      t.is(out, '');
      t.is(err.length, 1);
      t.regex(err[0] ?? '', new RegExp(`^vfio-names: could not \\w+: .*: ${errno}`));
    }
});

test('a fault of the program is no error of the user: it is thrown on', async (t) => {
  const { root } = sample(t);
  const files = hookedFiles(({ path }) => {
    if (path.startsWith(root.at('/sys'))) throw new TypeError('fault');
  });
  await t.throwsAsync(() => runCli(['plan', '--root', root.dir], { files }), { instanceOf: TypeError });
});

const odd = test.macro({
  async exec(t, name: string, link: string | undefined) {
    const { root, run } = sample(t);
    await run('sync');
    const before = root.links();
    root.add({ bus: 'platform', name, sysname: 'vfio7' });
    t.is((await run('sync')).status, 0);
    const { [link ?? '']: made, ...others } = root.links();
    t.is(made, link === undefined ? undefined : '../devices/vfio7');
    t.deepEqual(others, before);
    const { status, out } = await run('verify');
    t.is(status, link === undefined ? 1 : 0, out);
    if (link === undefined) t.regex(out, /^no-name: .*\n1 finding\n$/);
  },
  title: (_, name: string) =>
    `a device called ${JSON.stringify(name.slice(0, 20))} in sysfs costs no other its name`,
});
test(odd, 'two\nlines', 'platform/two_lines');
test(odd, 'with $(reboot)', 'platform/with___reboot_');
test(odd, '...', 'platform/...');
test(odd, ' ..', undefined);
test(odd, 'ü'.repeat(127), `platform/${'ü'.repeat(127)}`);
test(odd, ' \n ', undefined);

test('a name of 300 bytes or with a slash, which no directory can have, costs no other its name', async (t) => {
  const { root, run } = sample(t);
  root.linkText('/sys/class/vfio-dev/vfio8', `../../devices/${'x'.repeat(300)}/vfio-dev/vfio8`);
  root.linkText('/sys/class/vfio-dev/vfio9', '../../devices/a/../../b/vfio-dev/vfio9');
  const { status, err } = await run('sync');
  t.is(status, 0);
  t.is(Object.keys(root.links()).length, 3);
  t.is(err.length, 2);
  t.regex(err[0] ?? '', /vfio8: ENAMETOOLONG, ignoring$/);
  t.regex(err[1] ?? '', /vfio9: expected a link to .*, ignoring$/);
});

test('a /dev/vfio that is a file is reported, a line a name, and left alone', async (t) => {
  const { root, run } = sample(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  root.write('/dev/vfio', 'mine');
  const { status, err } = await run('sync');
  t.is(status, 1);
  t.is(err.length, 3);
  t.true(err.every((line) => line.endsWith(': ENOTDIR')));
  t.is(fs.readFileSync(root.at('/dev/vfio'), 'utf8'), 'mine');
  t.regex((await run('verify')).out, /^directory-unreadable: \/dev\/vfio: /m);
});
