/** Measures times of two tasks in turn, so that a temporary slowdown of the machine affects both. */
import { spawnSync } from 'node:child_process';

export interface Spread {
  /** Milliseconds. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export type CommandLine = readonly [string, ...string[]];

/** A task to measure: a command line, or a function that returns its duration in milliseconds. */
export type Task = CommandLine | (() => Promise<number>);

/** Exit statuses of a completed command; `holders` exits with 4 in a container. */
const acceptedStatuses: readonly (number | null)[] = [0, 4];

/** Runs a command and returns its output; throws if it failed. */
function run([program, ...args]: CommandLine): string {
  // The list of 65536 devices is longer than the default limit of one megabyte.
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
  if (!acceptedStatuses.includes(result.status))
    throw new Error(`${program} ${args.join(' ')}: status ${result.status}: ${result.stderr}`);
  return result.stdout;
}

/** Runs a command with the program of stopwatch.c; returns its duration in milliseconds. */
export type Stopwatch = (command: CommandLine) => number;

export interface Usage {
  /** Duration in milliseconds. */
  readonly duration: number;
  /** CPU time of the process in milliseconds. */
  readonly cpu: number;
  /** Peak memory in megabytes (10^6 bytes). */
  readonly memory: number;
}

/** Runs a command with `program`, which is stopwatch.c. */
export function measureUsage(program: string, command: CommandLine): Usage {
  const [duration = Number.NaN, cpu = Number.NaN, memory = Number.NaN] = run([program, ...command])
    .split(' ')
    .map(Number);
  return { duration: duration / 1e6, cpu: cpu / 1e6, memory: memory / 1e6 };
}

async function measureOnce(task: Task, stopwatch: Stopwatch): Promise<number> {
  return typeof task === 'function' ? await task() : stopwatch(task);
}

export function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(sorted.length >> 1), lowest: at(0), highest: at(sorted.length - 1) };
}

/** Runs two tasks in turn, `runs` times each after one warm-up run; returns their durations in milliseconds. */
export async function measureInTurn(
  first: Task,
  second: Task,
  runs: number,
  stopwatch: Stopwatch,
): Promise<readonly [readonly number[], readonly number[]]> {
  const [firstTimes, secondTimes]: [number[], number[]] = [[], []];
  await measureOnce(first, stopwatch);
  await measureOnce(second, stopwatch);
  for (let run = 0; run < runs; run++) {
    firstTimes.push(await measureOnce(first, stopwatch));
    secondTimes.push(await measureOnce(second, stopwatch));
  }
  return [firstTimes, secondTimes];
}
