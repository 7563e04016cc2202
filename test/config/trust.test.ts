import { chmodSync } from 'node:fs';
import test from 'ava';
import { trustHint, trustProblem } from '../../src/config/trust.ts';
import type { FileStatus } from '../../src/system/files.ts';
import { runCli } from '../helpers/cli.ts';
import { fakeRoot } from '../helpers/fake-root.ts';

const status = (overrides: Partial<FileStatus>): FileStatus => ({
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  inode: '1',
  ...overrides,
});

for (const [description, overrides] of [
  ['a file that only root can write', {}],
  ['a file that group root can write', { mode: 0o664 }],
  ['a directory owned by root', { kind: 'directory', mode: 0o755, gid: 5 }],
  ['a set-group-id directory', { kind: 'directory', mode: 0o2755 }],
] as const)
  test(`policy trust: ${description} is accepted`, (t) =>
    t.is(trustProblem(status(overrides), ''), undefined));

for (const [description, overrides] of [
  ['a world-writable file', { mode: 0o646 }],
  ['a file that another group can write', { mode: 0o664, gid: 5 }],
  ['a file owned by another user', { uid: 1000 }],
  ['a set-user-id file', { mode: 0o4755 }],
  ['a set-group-id file', { mode: 0o2755 }],
  ['a world-writable directory with the sticky bit', { kind: 'directory', mode: 0o1777 }],
] as const)
  test(`policy trust: ${description} is rejected with owner and mode`, (t) => {
    const { uid, gid, mode } = status(overrides);
    t.regex(
      trustProblem(status(overrides), '') ?? '',
      new RegExp(`owner ${uid}:${gid} and mode 0*${mode.toString(8)}$`),
    );
  });

test('policy trust: below --root any owner is accepted, but a world-writable file is rejected', (t) => {
  t.is(trustProblem(status({ uid: 1000, gid: 1000, mode: 0o664 }), '/image'), undefined);
  t.truthy(trustProblem(status({ uid: 1000, mode: 0o666 }), '/image'));
});

test('policy trust: the hint contains the path', (t) =>
  t.true(trustHint('/etc/x').endsWith('chmod u-s,g-ws,o-w /etc/x')));

test('sync rejects an untrusted policy with status 2 and one line, and changes nothing', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.write('/etc/vfio-names/a.toml', '[names]\nby-path = true\n');
  chmodSync(root.at('/etc/vfio-names/a.toml'), 0o666);
  const { status, err } = await runCli(['sync', '--root', root.dir]);
  t.is(status, 2);
  t.is(err.length, 1);
  t.regex(err[0] ?? '', /a\.toml: expected what only root may write, found owner \d+:\d+ and mode 0666 at /);
  t.deepEqual(root.links(), {});
  chmodSync(root.at('/etc/vfio-names/a.toml'), 0o644);
  chmodSync(root.at('/etc/vfio-names'), 0o777);
  t.is((await runCli(['sync', '--root', root.dir])).status, 2);
  chmodSync(root.at('/etc/vfio-names'), 0o755);
  t.is((await runCli(['sync', '--root', root.dir])).status, 0);
});
