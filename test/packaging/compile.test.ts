import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const script = resolve(import.meta.dirname, '../../packaging/native/compile.sh');

/** Runs compile.sh with stand-ins for QuickJS's compiler, for `cc` and for `find`, which prints `found` and fails. */
function compile(t: ExecutionContext, found: readonly string[]) {
  // Memory (/dev/shm) may refuse to run programs.
  const bin = mkdtempSync(join(tmpdir(), 'vfio-names-compile-'));
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  const bundle = join(bin, 'bundle');
  mkdirSync(bundle);
  const put = (name: string, body: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  put('find', `${found.map((path) => `echo ${path}`).join('\n')}\nexit 1`);
  put('qjsc', ':');
  put('cc', 'echo "$@" > cc.words');
  const { status, stderr } = spawnSync('bash', [script, bundle], {
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env['PATH']}`, CC: 'cc', STRIP: ':' },
  });
  return { status, stderr, compiled: existsSync(join(bundle, 'cc.words')) };
}

test('a system without one of the directories that are looked through still compiles', (t) => {
  t.deepEqual(compile(t, ['/usr/lib/quickjs/found']), { status: 0, stderr: '', compiled: true });
});

test('a system without QuickJS is told so', (t) => {
  const { status, stderr, compiled } = compile(t, []);
  t.deepEqual([status, compiled], [1, false]);
  t.is(stderr, "compile: expected QuickJS's library and header (package libquickjs), found none\n");
});
