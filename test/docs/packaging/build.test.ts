import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

const top = resolve(import.meta.dirname, '../../..');

function temporary(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-build-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('build.sh compiles both programs with the compiler of CC', (t) => {
  const directory = temporary(t);
  const bin = join(directory, 'bin');
  for (const file of ['packaging/native/build.sh', 'packaging/native/compile.sh', 'packaging/native/limit.c'])
    cpSync(join(top, file), join(directory, file));
  cpSync(join(top, 'src/system/quickjs/syscalls.c'), join(directory, 'src/system/quickjs/syscalls.c'));
  mkdirSync(bin);
  const writeScript = (name: string, ...lines: readonly string[]) =>
    writeFileSync(join(bin, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expansion of the shell
  writeScript('node', '[ -z "$3" ] || { : > "$3"; : > "${3%.js}.parts"; }');
  // Creates the file after -o.
  writeScript('qjsc', 'while [ "$1" != -o ]; do shift; done', ': > "$2"');
  writeScript('find', 'echo /usr/lib/quickjs/found');
  // Creates the file after -o; without -o it prints macros, here none.
  writeScript(
    'cross-cc',
    'case " $* " in *" -o "*) ;; *) exit ;; esac',
    'while [ "$1" != -o ]; do shift; done',
    `echo "$2" >> '${directory}/made'`,
    ': > "$2"',
  );
  const { status, stderr } = spawnSync('bash', [join(directory, 'packaging/native/build.sh')], {
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env['PATH']}`, HOME: directory, CC: 'cross-cc', STRIP: ':' },
  });
  t.is(status, 0, stderr);
  t.is(
    readFileSync(join(directory, 'made'), 'utf8'),
    'syscalls.o\nlimit.o\nvfio-names.o\nvfio-names\nvfio_id.o\nvfio_id\n',
  );
  for (const name of ['vfio-names', 'vfio_id']) t.true(existsSync(join(directory, 'dist/native', name)));
});
