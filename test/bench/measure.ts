/** Whole processes, timed in turn: so what slows the machine for a while slows both. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

export interface Spread {
  /** Milliseconds. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export type CommandLine = readonly [string, ...string[]];

function once([program, ...words]: CommandLine, env: NodeJS.ProcessEnv = process.env): number {
  const start = process.hrtime.bigint();
  const result = spawnSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env });
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  if (result.status !== 0)
    throw new Error(`${program} ${words.join(' ')}: status ${result.status}: ${result.stderr}`);
  return milliseconds;
}

function spread(times: number[]): Spread {
  times.sort((a, b) => a - b);
  const at = (index: number): number => times[index] ?? Number.NaN;
  return { median: at(times.length >> 1), lowest: at(0), highest: at(times.length - 1) };
}

/** Runs two commands in turn, `runs` times each after one run that does not count. */
export function inTurn(first: CommandLine, second: CommandLine, runs: number): readonly [Spread, Spread] {
  const [one, two]: [number[], number[]] = [[], []];
  once(first);
  once(second);
  for (let run = 0; run < runs; run++) {
    one.push(once(first));
    two.push(once(second));
  }
  return [spread(one), spread(two)];
}

/** The most memory that a Node program used, in megabytes (10^6 bytes). */
export function peakMemory(script: string, words: readonly string[]): number {
  const report = `${script}.memory`;
  const code = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS)))`;
  once([
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
