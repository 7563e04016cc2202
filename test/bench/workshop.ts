/** Shared by all rows: compiled C programs, fixtures, and the command lines of vfio-names. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandLine, type Stopwatch, stopwatchBy } from './measure.ts';

export interface Workshop {
  /** Device counts to measure, ascending. */
  readonly sizes: readonly number[];
  readonly work: string;
  /** The folder of the built programs. */
  readonly dist: string;
  /** Compiles `NAME.c` of this folder; returns the program's path. */
  compile(name: string): string;
  /** Returns the path of a file in this folder. */
  file(name: string): string;
  /** Returns the root directory of a tree with `size` devices and correct links. */
  fixture(size: number): string;
  ours(...words: readonly string[]): CommandLine;
  readonly stopwatch: Stopwatch;
  /** A Node process that does nothing: the lower bound for every program on Node. */
  readonly bare: CommandLine;
}

export function startWorkshop(work: string, sizes: readonly number[]): Workshop {
  const here = import.meta.dirname;
  const dist = join(here, '../../dist');
  const once = (path: string, make: () => void): string => {
    if (!existsSync(path)) make();
    return path;
  };
  const compile = (name: string): string =>
    once(join(work, name), () => {
      execFileSync('cc', ['-O2', '-o', join(work, name), join(here, `${name}.c`)], { stdio: 'inherit' });
    });
  return {
    sizes,
    work,
    dist,
    compile,
    file: (name) => join(here, name),
    fixture: (size) =>
      once(join(work, String(size)), () => {
        execFileSync(compile('fixture'), [join(work, String(size)), String(size)]);
      }),
    ours: (...words) => [process.execPath, join(dist, 'vfio-names.cjs'), ...words],
    stopwatch: stopwatchBy(compile('stopwatch')),
    bare: [process.execPath, '-e', '0'],
  };
}
