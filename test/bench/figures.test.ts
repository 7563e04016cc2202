import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type BenchResults, figuresTable, withFigures } from './figures.ts';
import { reachesTarget } from './table.ts';

const text = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');
const figures = JSON.parse(text('figures.json')) as BenchResults;

test('README.md of this directory has the table of figures.json', (t) => {
  const readme = text('README.md');
  t.true(readme.includes(figuresTable(figures)));
  t.is(withFigures(readme, figuresTable(figures)), readme);
});

test('the README of the project has three figures of figures.json', (t) => {
  const readme = text('../../README.md').replace(/\n/g, ' ');
  const ratio = (name: string): string =>
    figures.rows.find(({ measured }) => measured === name)?.ratio.toFixed(2) ?? '';
  t.true(
    readme.includes(
      `With 4096 devices, \`verify\` takes ${ratio('native verify 4096, CPU')} times the processor time of a C program`,
    ),
  );
  t.true(readme.includes(`\`resolve\` takes ${ratio('native resolve, of 4096')} times as long as one in C`));
  t.true(readme.includes(`on Node.js ${ratio('resolve on Node, of 4096')} times as long again`));
});

test('figuresTable marks a row that misses its target', (t) => {
  const row = { measured: 'verify 4096', comparedWith: 'C', ratio: 3, target: '<= 2.5' };
  t.true(figuresTable({ ...figures, rows: [row] }).endsWith('| verify 4096 | C | 3.00 | <= 2.5, missed |'));
  t.true(figuresTable({ ...figures, rows: [{ ...row, ratio: 2.5 }] }).endsWith('| 2.50 | <= 2.5 |'));
});

test('reachesTarget accepts upper and lower bounds', (t) => {
  const row = { measured: 'x', comparedWith: 'y', ratio: 20 };
  t.true(reachesTarget(row));
  t.false(reachesTarget({ ...row, target: '>= 25' }));
  t.true(reachesTarget({ ...row, target: '<= 25' }));
});

test('figures.json has growth exponents of at most 1.1', (t) => {
  const growth = figures.rows.filter(({ measured }) => measured.includes('growth'));
  t.true(growth.length > 0);
  for (const row of growth) t.true(row.ratio <= 1.1, row.measured);
});
