/** The builds of the programs, and their results. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
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

/** A file of the build. */
export const dist = (name: string): string => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

/** Whether a missing native program is an error; set by test/integration/native/run. */
export const nativeRequired = process.env['VFIO_NAMES_NATIVE'] === 'required';

const ofTarget = process.env['VFIO_NAMES_TARGET_PROGRAMS'];
/** Whether the native programs are those of test/integration/native/run --target. */
export const isForTarget = ofTarget !== undefined;
/** Where the native programs are. */
export const nativeDirectory = ofTarget === undefined ? dist('native') : resolve(ofTarget);

/** The native build of a program, if it exists and this machine can run it; the static one first. */
export function nativeBuild(name: string): Program | undefined {
  const found = [`${name}-static`, name]
    .map((file): Program => ({ name: `native/${file}`, command: [join(nativeDirectory, file)] }))
    .find(
      ({ command: [file] }) => existsSync(file) && spawnSync(file, ['--version'], { env: {} }).status === 0,
    );
  if (nativeRequired && !found)
    throw new Error(`expected a native ${name} that runs here, found none; npm run build:native -- --chroot`);
  return found;
}

/** In milliseconds. An emulated program takes ten times as long. */
const RUN_LIMIT = isForTarget ? 120_000 : 20_000;

/** Runs a program without a shell and returns its result; kills it after RUN_LIMIT. */
export function runProgram(
  { command: [file, ...options] }: Program,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Result {
  const { status, signal, stdout, stderr, error } = spawnSync(file, [...options, ...argv], {
    env,
    ...(cwd !== undefined && { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: RUN_LIMIT,
  });
  return { status: status ?? signal ?? String(error), out: stdout, err: stderr };
}
