import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const top = resolve(import.meta.dirname, '../../..');

function temporary(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-build-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const { hasArmOpen } = createRequire(import.meta.url)(join(top, 'packaging/native/machine.mjs')) as {
  readonly hasArmOpen: (machine: string) => boolean;
};

test('hasArmOpen accepts machine names of uname and of compilers, and rejects unknown machines', (t) => {
  for (const machine of [
    'x86_64',
    'i686',
    'x86_64-redhat-linux',
    'riscv64-linux-gnu',
    's390x',
    'loongarch64',
  ])
    t.false(hasArmOpen(machine), machine);
  for (const machine of ['aarch64', 'aarch64-alpine-linux-musl', 'armv7l', 'arm-linux-gnueabihf'])
    t.true(hasArmOpen(machine), machine);
  for (const machine of ['ppc64le', 'powerpc64le-linux-gnu', 'm68k']) t.true(hasArmOpen(machine), machine);
  for (const machine of ['alpha-linux-gnu', 'mips64el', 'hppa', 'sparc64-linux-gnu'])
    t.throws(() => hasArmOpen(machine), { message: /open-flags\.ts, found (alpha|mips|hppa|sparc)/ });
});

test('build.sh passes the target machine of a cross compiler to the bundler', (t) => {
  const directory = temporary(t);
  const bin = join(directory, 'bin');
  for (const file of ['build.sh', 'compile.sh', 'limit.c'])
    cpSync(join(top, 'packaging/native', file), join(directory, 'packaging/native', file));
  mkdirSync(bin);
  const writeScript = (name: string, ...lines: readonly string[]) =>
    writeFileSync(join(bin, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  writeScript('node', `echo "$3" > '${directory}/machine'`, ': > "$2"');
  writeScript('qjsc', ':');
  writeScript('find', 'echo /usr/lib/quickjs/found');
  // Creates the file after -o.
  writeScript(
    'cross-cc',
    '[ "$1" != -dumpmachine ] || { echo other-linux-gnu; exit; }',
    'while [ "$1" != -o ]; do shift; done',
    ': > "$2"',
  );
  const { status, stderr } = spawnSync('bash', [join(directory, 'packaging/native/build.sh')], {
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env['PATH']}`, HOME: directory, CC: 'cross-cc', STRIP: ':' },
  });
  t.is(status, 0, stderr);
  t.is(readFileSync(join(directory, 'machine'), 'utf8'), 'other-linux-gnu\n');
});
