/** Shared by all rows: compiled C programs, fixtures, and the command lines of vfio-names. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandLine, createStopwatch, type Stopwatch } from './measure.ts';

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
  command(...words: readonly string[]): CommandLine;
  readonly stopwatch: Stopwatch;
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
    stopwatch: createStopwatch(compile('stopwatch')),
    emptyNode: [process.execPath, '-e', '0'],
  };
}
