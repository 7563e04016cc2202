/** Renders the results of a benchmark run as the table of README.md here. */
import type { MachineKind } from './machine.ts';
import { type Row, reachesTarget } from './table.ts';

export interface BenchResults extends MachineKind {
  readonly version: 1;
  readonly rows: readonly Row[];
}

/** The rows that the README shows; the JSON file has all of them. */
const shownRows = [
  /^verify (64|4096|65536)$/,
  /^verify 4096, on \/sys$/,
  /^list 4096, on \/sys$/,
  /^(list|verify) \d+, memory$/,
  /^resolve, of \d+$/,
  /^sync 4096, (nothing to do|from nothing)$/,
  /^verify, growth/,
  /^vfio_id/,
  /^probe/,
  /^holders/,
  /^watch/,
  /^installed/,
  /^native --version$/,
  /^(native resolve|resolve on Node), of 4096$/,
  /^native verify \d+, (CPU|memory)$/,
  /^native (list|sync) 4096, CPU$/,
  /^native list \d+, on \/sys$/,
  /^native verify, growth/,
  /^native .*, size$/,
];

/** Returns a Markdown table with one row per ratio, its target and whether the target is reached. */
export function figuresTable({ date, cpu, cores, kernel, node, rows }: BenchResults): string {
  const wanted = rows.filter(({ measured }) => shownRows.some((pattern) => pattern.test(measured)));
  return [
    `Measured by \`npm run bench -- --slow\` on ${date}: ${cores} cores (${cpu}), Linux ${kernel}, Node.js ${node}.`,
    'Each ratio is that of the medians of two tasks, which were measured in turn on a shared virtual machine. Differences of',
    'some tens of per cent may be noise: figures.json has the spread. Rows that miss their target are marked.',
    '',
    '| measured | compared with | ratio | target |',
    '|---|---|---|---|',
    ...wanted.map(
      (row) => `| ${row.measured} | ${row.comparedWith} | ${row.ratio.toFixed(2)} | ${targetOf(row)} |`,
    ),
  ].join('\n');
}

function targetOf(row: Row): string {
  if (row.target === undefined) return '';
  return reachesTarget(row) ? row.target : `${row.target}, missed`;
}

/** Returns the README with the table between its markers replaced. */
export function withFigures(readme: string, table: string): string {
  return readme.replace(
    /(<!-- figures -->)[\s\S]*?(<!-- end of figures -->)/,
    (_, begin, end) => `${begin}\n${table}\n${end}`,
  );
}
