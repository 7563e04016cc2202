/** Times in turn: so what slows the machine for a while slows both. Knows nothing of what is measured. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

export interface Spread {
  /** Milliseconds. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export type CommandLine = readonly [string, ...string[]];

/** Something to be timed: a command line, or an act that says how many milliseconds it took. */
export type Task = CommandLine | (() => Promise<number>);

/** Exit statuses with which a measured command has still done its work: 4 is `holders` in a container. */
const finished: readonly (number | null)[] = [0, 4];

/** Runs a command to its end; gives what it wrote. Throws where it did not do its work. */
function run([program, ...words]: CommandLine): string {
  // A list of 65536 devices is longer than the megabyte that is the default.
  const result = spawnSync(program, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
  if (!finished.includes(result.status))
    throw new Error(`${program} ${words.join(' ')}: status ${result.status}: ${result.stderr}`);
  return result.stdout;
}

/** Runs a command to its end, in milliseconds, by the program of stopwatch.c. */
export type Stopwatch = (command: CommandLine) => number;

export function stopwatchBy(program: string): Stopwatch {
  return (command) => Number(run([program, ...command])) / 1e6;
}

async function once(task: Task, stopwatch: Stopwatch): Promise<number> {
  return typeof task === 'function' ? await task() : stopwatch(task);
}

export function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(sorted.length >> 1), lowest: at(0), highest: at(sorted.length - 1) };
}

/** Runs two tasks in turn, `runs` times each after one run that does not count. */
export async function inTurn(
  first: Task,
  second: Task,
  runs: number,
  stopwatch: Stopwatch,
): Promise<readonly [readonly number[], readonly number[]]> {
  const [one, two]: [number[], number[]] = [[], []];
  await once(first, stopwatch);
  await once(second, stopwatch);
  for (let run = 0; run < runs; run++) {
    one.push(await once(first, stopwatch));
    two.push(await once(second, stopwatch));
  }
  return [one, two];
}

/** The most memory that a Node program used, in megabytes (10^6 bytes). */
export function peakMemory(script: string, words: readonly string[]): number {
  const report = `${script}.memory`;
  const code = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS)))`;
  run([
    process.execPath,
    '--eval',
    `${code}; process.argv.splice(1, 0, ${JSON.stringify(script)}); require(${JSON.stringify(script)})`,
    '--',
    ...words,
  ]);
  const kibibytes = Number(readFileSync(report, 'utf8'));
  rmSync(report);
  return (kibibytes * 1024) / 1e6;
}
