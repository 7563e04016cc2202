/** Runs the builds of vfio_id like udev: without a shell, in an empty environment. */
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

/** Whether a missing native program is an error; set by test/integration/native/run. */
export const nativeRequired = process.env['VFIO_NAMES_NATIVE'] === 'required';

/** udevd's sandbox requires --jitless; --no-expose-wasm suppresses a warning about it. */
export const nodeProgram: Program = {
  name: 'vfio_id on Node',
  command: [process.execPath, '--jitless', '--no-expose-wasm', dist('vfio_id.cjs')],
};

/** The native program, if one exists that this machine can run. */
export const nativeProgram: Program | undefined = ['vfio_id-static', 'vfio_id']
  .map((name): Program => ({ name: `native ${name}`, command: [dist(name)] }))
  .find(
    ({ command: [file] }) => existsSync(file) && spawnSync(file, ['--version'], { env: {} }).status === 0,
  );

if (nativeRequired && !nativeProgram)
  throw new Error('expected a native vfio_id that runs here, found none; npm run build:native -- --chroot');

export const programs: readonly Program[] = nativeProgram ? [nodeProgram, nativeProgram] : [nodeProgram];

/** Runs a program and returns its result; kills it after ten seconds. */
export function runProgram(
  { command: [file, ...options] }: Program,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Result {
  const { status, signal, stdout, stderr, error } = spawnSync(file, [...options, ...argv], {
    env,
    encoding: 'utf8',
    timeout: 10_000,
  });
  return { status: status ?? signal ?? String(error), out: stdout, err: stderr };
}
