/** The rows of one run; each is a ratio of two values, usually of two tasks measured in turn. */
import { measureInTurn, type Spread, type Stopwatch, spread, type Task } from './measure.ts';

export interface Row {
  readonly measured: string;
  readonly comparedWith: string;
  readonly ratio: number;
  /** The target of the ratio, `<= 2.5` or `>= 25`. */
  readonly target?: string;
  readonly times?: readonly [Spread, Spread];
}

export interface Table {
  /** Measures `first` and `second` in turn and adds their ratio; returns the median of `first` in milliseconds. */
  compare(
    measured: string,
    first: Task,
    comparedWith: string,
    second: Task,
    target?: string,
    runs?: number,
  ): Promise<number>;
  add(row: Row): void;
  readonly rows: readonly Row[];
}

/** Creates a table that prints each row at once, so that a run that fails late has printed the earlier rows. */
export function startTable(
  runs: number,
  wanted: RegExp,
  print: (line: string) => void,
  stopwatch: Stopwatch,
): Table {
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    print(show(row));
  };
  return {
    rows,
    add: (row) => {
      if (wanted.test(row.measured)) add(row);
    },
    compare: async (measured, first, comparedWith, second, target, count = runs) => {
      if (!wanted.test(measured)) return Number.NaN;
      const [firstTimes, secondTimes] = await measureInTurn(first, second, Math.min(count, runs), stopwatch);
      const times = [spread(firstTimes), spread(secondTimes)] as const;
      const ratio = times[0].median / times[1].median;
      add({ measured, comparedWith, ratio, times, ...(target !== undefined && { target }) });
      return times[0].median;
    },
  };
}

/** Returns whether the row reaches its target; true without a target. */
export function reachesTarget({ ratio, target }: Row): boolean {
  const [relation, bound] = (target ?? '').split(' ');
  if (relation === '<=') return ratio <= Number(bound);
  return relation !== '>=' || ratio >= Number(bound);
}

function show(row: Row): string {
  const times = (of: Spread | undefined): string =>
    of ? `${of.median.toFixed(1)} ms (${of.lowest.toFixed(1)}-${of.highest.toFixed(1)})` : '';
  return [
    row.measured.padEnd(32),
    row.comparedWith.padEnd(30),
    row.ratio.toFixed(2).padStart(7),
    `${row.target ?? ''}${reachesTarget(row) ? '' : ' !'}`.padEnd(10),
    times(row.times?.[0]).padEnd(28),
    times(row.times?.[1]),
  ]
    .join('  ')
    .trimEnd();
}
