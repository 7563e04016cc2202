import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const script = resolve(import.meta.dirname, '../../../packaging/native/compile.sh');

/** Runs compile.sh with fakes of QuickJS's compiler, of `cc` and of `find`, which prints `found` and fails. */
function compile(t: ExecutionContext, found: readonly string[]) {
  // Not in /dev/shm, which may be mounted noexec.
  const bin = mkdtempSync(join(tmpdir(), 'vfio-names-compile-'));
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  const bundle = join(bin, 'bundle');
  mkdirSync(bundle);
  const writeScript = (name: string, body: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  writeScript('find', `${found.map((path) => `echo ${path}`).join('\n')}\nexit 1`);
  writeScript('qjsc', ':');
  writeScript('cc', 'echo "$@" > cc.args');
  const { status, stderr } = spawnSync('bash', [script, bundle], {
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env['PATH']}`, CC: 'cc', STRIP: ':' },
  });
  return { status, stderr, compiled: existsSync(join(bundle, 'cc.args')) };
}

test('compile.sh succeeds if one of the searched directories does not exist', (t) => {
  t.deepEqual(compile(t, ['/usr/lib/quickjs/found']), { status: 0, stderr: '', compiled: true });
});

test('compile.sh reports a missing QuickJS', (t) => {
  const { status, stderr, compiled } = compile(t, []);
  t.deepEqual([status, compiled], [1, false]);
  t.is(stderr, "compile: expected QuickJS's library and header (package libquickjs), found none\n");
});
