/**
 * `npm run bench`: one run, one table of ratios, one JSON file. Needs root (real char nodes, a private mount namespace)
 * and cc; udevadm and Python's pyudev are measured where they are installed.
 *   --quick        3 runs a row instead of 11
 *   --slow         65536 devices, too
 *   --only WORDS   rows whose name matches this regular expression
 *   --json FILE    the rows as JSON
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { thisMachine } from './machine.ts';
import { measureField } from './rows-field.ts';
import { measureHelper } from './rows-helper.ts';
import { measureHolders } from './rows-holders.ts';
import { measureNames } from './rows-names.ts';
import { measureProbe } from './rows-probe.ts';
import { measureSizes } from './rows-sizes.ts';
import { measureStart } from './rows-start.ts';
import { measureWatch } from './rows-watch.ts';
import { startTable } from './table.ts';
import { startWorkshop } from './workshop.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    slow: { type: 'boolean' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
if (process.getuid?.() !== 0) {
  console.error('bench: expected root, which real char nodes need; run it with sudo');
  process.exit(4);
}
const work = mkdtempSync(join(tmpdir(), 'vfio-names-bench-'));
try {
  const shop = startWorkshop(work, values.slow ? [64, 4096, 65536] : [64, 4096]);
  const table = startTable(values.quick ? 3 : 11, new RegExp(values.only), console.log, shop.stopwatch);
  for (const measure of [
    measureNames,
    measureField,
    measureHelper,
    measureProbe,
    measureHolders,
    measureWatch,
    measureStart,
    measureSizes,
  ])
    await measure(table, shop);
  if (values.json !== undefined) {
    const document = { version: 1, ...thisMachine(), rows: table.rows };
    writeFileSync(values.json, `${JSON.stringify(document, undefined, 2)}\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
