/** The builds of vfio_id, run as udev runs them: no shell, a bare environment, output and status kept. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

export interface Result {
  readonly status: number | string;
  readonly out: string;
  readonly err: string;
}

const dist = (name: string): string => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

/** test/helper/native.sh sets it: then it is an error that the native program is missing. */
export const nativeRequired = process.env['VFIO_NAMES_NATIVE'] === 'required';

/** udevd's sandbox lets Node run with --jitless alone; the other option spares a warning about it. */
export const onNode: Program = {
  name: 'vfio_id on Node',
  command: [process.execPath, '--jitless', '--no-expose-wasm', dist('vfio_id.cjs')],
};

/** The native program, if there is one that this machine can run. */
export const native: Program | undefined = ['vfio_id-static', 'vfio_id']
  .map((name): Program => ({ name: `native ${name}`, command: [dist(name)] }))
  .find(
    ({ command: [file] }) => existsSync(file) && spawnSync(file, ['--version'], { env: {} }).status === 0,
  );

if (nativeRequired && !native)
  throw new Error('expected a native vfio_id that runs here, found none; npm run build:native -- --chroot');

export const programs: readonly Program[] = native ? [onNode, native] : [onNode];

/** Runs a program to its end; never longer than ten seconds. */
export function runProgram(
  { command: [file, ...before] }: Program,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Result {
  const { status, signal, stdout, stderr, error } = spawnSync(file, [...before, ...argv], {
    env,
    encoding: 'utf8',
    timeout: 10_000,
  });
  return { status: status ?? signal ?? String(error), out: stdout, err: stderr };
}
