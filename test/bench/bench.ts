/**
 * `npm run bench`: measures ratios and prints them as a table. Requires root (it creates device nodes and a mount
 * namespace) and cc; udevadm and Python's pyudev are measured if they are installed.
 *   --quick        3 runs per row instead of 11
 *   --slow         also measure 65536 devices
 *   --only REGEX   only rows whose name matches this regular expression
 *   --json FILE    write the rows to a JSON file
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { measureField } from './rows-field.ts';
import { measureHelper } from './rows-helper.ts';
import { measureHolders } from './rows-holders.ts';
import { measureListing } from './rows-listing.ts';
import { measureNames } from './rows-names.ts';
import { measureNative } from './rows-native.ts';
import { measureProbe } from './rows-probe.ts';
import { measureSizes } from './rows-sizes.ts';
import { measureStart } from './rows-start.ts';
import { measureWatch } from './rows-watch.ts';
import { startTable } from './table.ts';
import { createBenchContext } from './workshop.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    slow: { type: 'boolean' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
if (process.getuid?.() !== 0) {
  console.error('bench: must run as root, because it creates device nodes; run it with sudo');
  process.exit(4);
}
const work = mkdtempSync(join(tmpdir(), 'vfio-names-bench-'));
try {
  const shop = createBenchContext(work, values.slow ? [64, 4096, 65536] : [64, 4096]);
  const table = startTable(values.quick ? 3 : 11, new RegExp(values.only), console.log, shop.stopwatch);
  for (const measure of [
    measureNames,
    measureNative,
    measureField,
    measureListing,
    measureHelper,
    measureProbe,
    measureHolders,
    measureWatch,
    measureStart,
    measureSizes,
  ])
    await measure(table, shop);
  if (values.json !== undefined) {
    const document = { version: 1, ...describeMachine(), rows: table.rows };
    writeFileSync(values.json, `${JSON.stringify(document, undefined, 2)}\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
