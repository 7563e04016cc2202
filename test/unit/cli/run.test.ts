import test from 'ava';
import { formatErrorDetails } from '../../../src/cli/run.ts';
import { exitStatus, ioError, VfioNamesError } from '../../../src/errors.ts';
import { runCli } from '../../support/cli.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';
import { sample } from './sample.ts';

test('--verbose adds one line with the code and device of an error', async (t) => {
  const { run } = sample(t);
  const short = await run('resolve', '0000:01:00.9');
  const long = await run('-v', 'resolve', '0000:01:00.9');
  t.is(long.status, short.status);
  t.is(short.err.length, 1);
  t.deepEqual(long.err, [...short.err, 'vfio-names: code no-device; device 0000:01:00.9']);
});

test('error details include the unchanged cause of a failed system call', (t) => {
  const cause = Object.assign(new Error("EACCES: permission denied, open '/x'"), { code: 'EACCES' });
  t.is(
    formatErrorDetails(ioError(cause, 'read', '/x')),
    "code EACCES; path /x; cause EACCES: permission denied, open '/x'",
  );
});

test('every command but doctor fails with status 5 without /proc, and doctor with --root, too', async (t) => {
  const { root } = sample(t);
  const files = hookedFiles(({ path }) => {
    if (path.startsWith('/proc/self')) throw errnoError('ENOENT');
  });
  for (const command of [['list'], ['sync'], ['verify'], ['resolve', 'vfio0'], ['doctor']]) {
    const { status, out, err } = await runCli([...command, '--root', root.dir], { files });
    t.is(status, 5, command[0]);
    t.is(out, '');
    t.regex(err.join('\n'), /^vfio-names: expected proc on \/proc, found none; mount proc on \/proc/);
  }
  t.is((await runCli(['rules', 'render'], { files })).status, 0);
});

test('error details escape control characters', (t) => {
  const error = new VfioNamesError('x', exitStatus.findings, 'm', { path: '/\u001b[2J', cause: 'a\nb' });
  t.is(formatErrorDetails(error), 'code x; path /\\x1b[2J; cause a\\x0ab');
});

test('ioError suggests root for EACCES and a writable path only for EROFS', (t) => {
  const messageOf = (code: string): string =>
    errorLine(ioError(Object.assign(new Error(code), { code }), 'act', '/x'));
  t.is(
    messageOf('EACCES'),
    'could not act: /x: permission denied (EACCES); run it as root, or as a user who may',
  );
  t.is(
    messageOf('EROFS'),
    'could not act: /x: read-only file system (EROFS); run it where that path can be written',
  );
  t.is(messageOf('EIO'), 'could not act: /x: EIO');
});

for (const [uid, pattern] of [
  [0, /; root is not permitted either: check the capabilities/],
  [1000, /; run it as root, or as a user who may/],
] as const)
  test(`the hint for uid ${uid} ${uid === 0 ? 'lists what may deny access to root' : 'advises to run it as root'}`, async (t) => {
    const root = fakeRoot(t);
    root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
    const files = hookedFiles(({ name, path }) => {
      if (name !== 'stat' && path.includes('class/vfio-dev')) throw errnoError('EACCES');
    });
    const stat = (path: string) => ({ ...files.stat(path), ...(path === '/proc/self' && { uid }) });
    const parts = { files: { ...files, stat }, filesBelow: async () => ({ ...files, stat }) };
    const { status, err } = await runCli(['list', '--root', root.dir], parts);
    t.is(status, 4);
    t.is(err.length, 1);
    t.regex(err[0] ?? '', pattern);
  });
