import * as fs from 'node:fs';
import test from 'ava';
import { runCli } from '../../support/cli.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';
import { sample } from './sample.ts';

const everyCommand = [['list'], ['show', 'vfio0'], ['resolve', 'vfio0'], ['plan'], ['sync'], ['verify']];

const rejected = test.macro({
  async exec(t, args: readonly string[], status: number, pattern: RegExp) {
    const { root, run } = sample(t);
    await run('sync');
    const before = root.links();
    const result = await run(...args);
    t.is(result.status, status);
    t.is(result.out, '', 'stdout is empty');
    t.is(result.err.length, 1);
    t.regex(result.err[0] ?? '', pattern);
    t.true(result.err[0]?.startsWith('vfio-names: ') && !result.err[0].includes('\n'));
    t.deepEqual(root.links(), before, 'existing links are unchanged');
  },
  title: (_, args: readonly string[]) => `"${args.join(' ').slice(0, 40)}" prints one line on stderr`,
});

test(rejected, ['frob'], 2, /expected a command, found frob/);
test(rejected, [''], 2, /expected a command, found an empty argument; see vfio-names --help$/);
test(rejected, ['sync', '--frob'], 2, /sync has no option --frob/);
test(rejected, ['sync', 'extra'], 2, /sync takes no operands, found extra/);
test(rejected, ['list', '--policy', '/none.toml'], 2, /\/none\.toml/);
for (const args of [
  ['list', '--policy', '/caf\ufffd.toml'],
  ['cdi', '--output=/caf\ufffd.json'],
  ['show', 'caf\ufffd'],
  ['exec', 'vfio0', '--', 'prog', 'caf\ufffd'],
])
  test(rejected, args, 2, /expected arguments in UTF-8, found \S*caf\ufffd/);
for (const command of ['show', 'resolve', 'verify']) {
  test(rejected, [command, '0000:99:00.0'], 3, /found none called 0000:99:00\.0/);
  test(rejected, [command, '01:00.0'], 2, /01:00\.0 fits 2 devices: pci\/0000:01:00\.0, pci\/10000:01:00\.0/);
  test(rejected, [command, 'a\nb\u001b'], 3, /found none called a\\x0ab\\x1b/);
  test(rejected, [command, `pci/${'x'.repeat(300)}`], 3, /found none called/);
  test(rejected, [command, '../../etc/passwd'], 3, /found none called/);
  test(rejected, [command, '/none'], 3, /expected a device node at \/none, found nothing/);
  test(rejected, [command, '/etc'], 3, /expected a device node at \/etc, found a directory/);
  test(
    rejected,
    [command, '/dev/vfio/99'],
    3,
    /expected an IOMMU group at \/dev\/vfio\/99, found no group 99/,
  );
}

for (const [problem, path, found] of [
  ['does not exist', 'none', 'nothing'],
  ['is a file', 'file', 'a file'],
  ['lies below a file', 'file/below', 'ENOTDIR'],
] as const)
  test(`every command rejects a --root that ${problem} with status 2`, async (t) => {
    const { root } = sample(t);
    root.write('/file', '');
    for (const args of everyCommand)
      t.deepEqual(await runCli([...args, '--root', root.at(path)]), {
        status: 2,
        out: '',
        err: [
          `vfio-names: expected a directory at --root ${root.at(path)}, found ${found}; give the top of a system's tree`,
        ],
      });
  });

test('an unexpected system call error prints one line, with status 4 for EACCES and 1 for EIO', async (t) => {
  const { root } = sample(t);
  for (const [errno, status] of [
    ['EACCES', 4],
    ['EIO', 1],
  ] as const)
    for (const args of everyCommand) {
      const files = hookedFiles(({ path }) => {
        if (path.startsWith(root.at('/sys')))
          throw Object.assign(errnoError(errno), { syscall: 'scandir', path });
      });
      const { status: found, out, err } = await runCli([...args, '--root', root.dir], { files });
      t.is(found, status, args.join(' '));
      t.is(out, '');
      t.is(err.length, 1);
      t.regex(err[0] ?? '', new RegExp(`^vfio-names: could not \\w+: .*: .*\\b${errno}\\b`));
    }
});

test('main rethrows an error that is a bug in the program', async (t) => {
  const { root } = sample(t);
  const files = hookedFiles(({ path }) => {
    if (path.startsWith(root.at('/sys'))) throw new TypeError('fault');
  });
  await t.throwsAsync(() => runCli(['plan', '--root', root.dir], { files }), { instanceOf: TypeError });
});

const oddName = test.macro({
  async exec(t, name: string, link: string | undefined) {
    const { root, run } = sample(t);
    await run('sync');
    const before = root.links();
    root.add({ bus: 'platform', name, sysname: 'vfio7' });
    t.is((await run('sync')).status, link === undefined ? 1 : 0);
    const { [link ?? '']: created, ...others } = root.links();
    t.is(created, link === undefined ? undefined : '../devices/vfio7');
    t.deepEqual(others, before);
    const { status, out } = await run('verify');
    t.is(status, link === undefined ? 1 : 0, out);
    if (link === undefined) t.regex(out, /^no-name: .*\n {4}-> .*\n1 finding\n$/);
  },
  title: (_, name: string) =>
    `a device called ${JSON.stringify(name.slice(0, 20))} in sysfs does not affect the links of other devices`,
});
test(oddName, 'two\nlines', 'platform/two_lines');
test(oddName, 'with $(reboot)', 'platform/with___reboot_');
test(oddName, '...', 'platform/...');
test(oddName, ' ..', undefined);
test(oddName, 'ü'.repeat(127), `platform/${'ü'.repeat(127)}`);
test(oddName, ' \n ', undefined);

test('sync ignores a device whose name has 300 bytes or a slash, and links the others', async (t) => {
  const { root, run } = sample(t);
  root.linkWithTarget('/sys/class/vfio-dev/vfio8', `../../devices/${'x'.repeat(300)}/vfio-dev/vfio8`);
  root.linkWithTarget('/sys/class/vfio-dev/vfio9', '../../devices/a/../../b/vfio-dev/vfio9');
  const { status, err } = await run('sync');
  t.is(status, 1);
  t.is(Object.keys(root.links()).length, 3);
  t.is(err.length, 2);
  t.regex(err[0] ?? '', /vfio8: ENAMETOOLONG, ignoring$/);
  t.regex(err[1] ?? '', /vfio9: expected a link to .*, ignoring$/);
});

test('sync reports one error per link and leaves /dev/vfio alone if it is a file', async (t) => {
  const { root, run } = sample(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  root.write('/dev/vfio', 'mine');
  const { status, err } = await run('sync');
  t.is(status, 1);
  t.is(err.length, 3);
  t.true(err.every((line) => line.endsWith(': not a directory (ENOTDIR)')));
  t.is(fs.readFileSync(root.at('/dev/vfio'), 'utf8'), 'mine');
  t.regex((await run('verify')).out, /^directory-unreadable: \/dev\/vfio: /m);
});
