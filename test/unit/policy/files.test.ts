import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import test from 'ava';
import { VfioNamesError } from '../../../src/errors.ts';
import {
  ignoredPolicyFiles,
  policyPaths,
  readPolicyFile,
  readPolicyFiles,
} from '../../../src/policy/files.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { runCli } from '../../support/cli.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

test('loadPolicy makes three calls and returns the default policy on a host without policy files', async (t) => {
  const root = fakeRoot(t);
  const calls: string[] = [];
  const files = hookedFiles(({ name, path }) => calls.push(`${name} ${path.slice(root.dir.length)}`));
  t.is(await loadPolicy(files, root.dir), defaultPolicy);
  t.deepEqual(calls, ['readdir /usr/lib/vfio-names', 'readdir /run/vfio-names', 'readdir /etc/vfio-names']);
});

test('policy files are sorted by name, and a later directory overrides a file of the same name', (t) => {
  const root = fakeRoot(t);
  root.write('/usr/lib/vfio-names/50-b.toml', 'vendor');
  root.write('/usr/lib/vfio-names/10-a.toml', 'vendor');
  root.write('/run/vfio-names/50-b.toml', 'run');
  root.write('/run/vfio-names/20-c.toml', 'run');
  root.write('/etc/vfio-names/20-c.toml', 'admin');
  root.write('/etc/vfio-names/README', 'no policy');
  root.write('/etc/vfio-names/.hidden.toml', 'no policy');
  root.write('/etc/vfio-names/60-d.toml.bak', 'no policy');
  t.deepEqual(
    readPolicyFiles(fakeFiles, root.dir).map(({ file, text }) => `${file.slice(root.dir.length)} ${text}`),
    [
      '/usr/lib/vfio-names/10-a.toml vendor',
      '/etc/vfio-names/20-c.toml admin',
      '/run/vfio-names/50-b.toml run',
    ],
  );
});

test('a link to /dev/null and an empty file mask a policy file', (t) => {
  const root = fakeRoot(t);
  root.write('/usr/lib/vfio-names/10-a.toml', 'x');
  root.write('/usr/lib/vfio-names/20-b.toml', 'x');
  root.linkWithTarget('/etc/vfio-names/10-a.toml', '/dev/null');
  root.write('/run/vfio-names/20-b.toml', '');
  t.is(policyPaths(fakeFiles, root.dir).length, 2);
  t.deepEqual(readPolicyFiles(fakeFiles, root.dir), []);
});

test('links to policy files are followed below the root', (t) => {
  const root = fakeRoot(t);
  root.write('/usr/share/policy', 'shared');
  root.linkWithTarget('/usr/share/link', 'policy');
  root.linkWithTarget('/etc/vfio-names/10-a.toml', '/usr/share/link');
  t.deepEqual(
    readPolicyFiles(fakeFiles, root.dir).map(({ text }) => text),
    ['shared'],
  );
});

const errorOf = (fn: () => unknown): VfioNamesError => {
  try {
    fn();
  } catch (thrown) {
    if (thrown instanceof VfioNamesError) return thrown;
    throw thrown;
  }
  throw new Error('no error');
};

test('a policy path that is not a readable regular file fails with one line and status 2', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/etc/vfio-names/10-a.toml', '10-a.toml');
  const loop = errorOf(() => readPolicyFiles(fakeFiles, root.dir));
  t.deepEqual([loop.code, loop.status], ['policy', 2]);
  t.regex(loop.message, /10-a\.toml: expected a file, found a chain of links/);
  root.linkWithTarget('/etc/vfio-names/10-a.toml', '/nowhere');
  t.regex(errorOf(() => readPolicyFiles(fakeFiles, root.dir)).message, /expected a policy file, found none/);
  mkdirSync(root.at('/etc/vfio-names/00-d.toml'));
  t.regex(
    errorOf(() => readPolicyFiles(fakeFiles, root.dir)).message,
    /00-d\.toml: expected a policy file, found a directory/,
  );
  t.is(errorOf(() => readPolicyFile(fakeFiles, root.at('/nothing.toml'))).status, 2);
  t.is(spawnSync('mkfifo', [root.at('/pipe.toml')]).status, 0);
  const pipe = errorOf(() => readPolicyFile(fakeFiles, root.at('/pipe.toml')));
  t.is(pipe.status, 2);
  t.regex(errorLine(pipe), /pipe\.toml: expected a policy file, found a fifo; write the policy to a file/);
  root.write('/big.toml', `${'#é'.repeat((1 << 20) / 3)}####`);
  t.regex(
    errorOf(() => readPolicyFile(fakeFiles, root.at('/big.toml'))).message,
    /at most 1048576 bytes, found more/,
  );
});

test('an unreadable policy fails with status 4', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', 'x');
  const denied = (call: string, end: RegExp) =>
    hookedFiles(({ name, path }) => {
      if (name === call && end.test(path)) throw errnoError('EACCES');
    });
  for (const [call, end] of [
    ['readdir', /etc\/vfio-names$/],
    ['readdir', /fd\/\d+$/],
    ['openPath', /\/10-a\.toml$/],
    ['stat', /fd\/\d+$/],
    ['readBytes', /fd\/\d+$/],
  ] as const)
    t.is(errorOf(() => readPolicyFiles(denied(call, end), root.dir)).status, 4, call);
});

test('the files that are ignored because of their name are listed', (t) => {
  const root = fakeRoot(t);
  for (const name of [
    '10-a.toml',
    '40.conf',
    'b.toml~',
    '.c.toml',
    'README.md',
    'readme',
    '.gitkeep',
    'd.TOML',
  ])
    root.write(`/etc/vfio-names/${name}`, '');
  t.deepEqual(
    ignoredPolicyFiles(fakeFiles, root.dir),
    ['.c.toml', '40.conf', 'b.toml~', 'd.TOML'].map((name) => root.at(`/etc/vfio-names/${name}`)),
  );
});

test('a policy directory that is a file is ignored', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names', 'a file');
  t.deepEqual(policyPaths(fakeFiles, root.dir), []);
});

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
