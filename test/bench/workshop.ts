/** Shared by all rows: compiled C programs, fixtures, and the command lines of vfio-names. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandLine, measureUsage, type Stopwatch, type Usage } from './measure.ts';

export interface BenchContext {
  /** Device counts to measure, ascending. */
  readonly sizes: readonly number[];
  readonly tempDir: string;
  /** The folder of the built programs. */
  readonly dist: string;
  /** Compiles `NAME.c` of this folder; returns the program's path. */
  compile(name: string): string;
  /** Returns the path of a file in this folder. */
  file(name: string): string;
  /** Returns the root directory of a tree with `size` devices and correct links. */
  fixture(size: number): string;
  /** The command line of the program that runs on Node. */
  command(...words: readonly string[]): CommandLine;
  /** The command line of the native program; undefined if it is not built. */
  native(...words: readonly string[]): CommandLine | undefined;
  readonly stopwatch: Stopwatch;
  usage(command: CommandLine): Usage;
  /** A Node process that does nothing: the lower bound for every program on Node. */
  readonly emptyNode: CommandLine;
}

export function createBenchContext(tempDir: string, sizes: readonly number[]): BenchContext {
  const here = import.meta.dirname;
  const dist = join(here, '../../dist');
  const once = (path: string, make: () => void): string => {
    if (!existsSync(path)) make();
    return path;
  };
  const compile = (name: string): string =>
    once(join(tempDir, name), () => {
      execFileSync('cc', ['-O2', '-o', join(tempDir, name), join(here, `${name}.c`)], { stdio: 'inherit' });
    });
  const stopwatch = compile('stopwatch');
  const native = join(dist, 'native/vfio-names-static');
  return {
    sizes,
    tempDir,
    dist,
    compile,
    file: (name) => join(here, name),
    fixture: (size) =>
      once(join(tempDir, String(size)), () => {
        execFileSync(compile('fixture'), [join(tempDir, String(size)), String(size)]);
      }),
    command: (...words) => [process.execPath, join(dist, 'vfio-names.cjs'), ...words],
    native: (...words) => (existsSync(native) ? [native, ...words] : undefined),
    stopwatch: (command) => measureUsage(stopwatch, command).duration,
    usage: (command) => measureUsage(stopwatch, command),
    emptyNode: [process.execPath, '-e', '0'],
  };
}
