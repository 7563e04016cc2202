/** `npm run bench:figures -- FILE`: copies the JSON file of a run to figures.json and updates the table of README.md here. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchResults, figuresTable, withFigures } from './figures.ts';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('expected the JSON file of a run; create one with npm run bench -- --slow --json FILE');
  process.exit(2);
}
const readme = join(import.meta.dirname, 'README.md');
const figures = JSON.parse(readFileSync(file, 'utf8')) as BenchResults;
writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), figuresTable(figures)));
copyFileSync(file, join(import.meta.dirname, 'figures.json'));
