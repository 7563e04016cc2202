/**
 * `npm run bench`: ratios of whole processes, measured in turn in one run. Needs root (real char nodes) and cc.
 *   --quick       fewer runs          --slow   65536 devices too          --json FILE   the rows as JSON
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CommandLine, inTurn, peakMemory, type Spread } from './measure.ts';

interface Row {
  readonly what: string;
  readonly beside: string;
  readonly ratio: number;
  readonly aim?: string;
  readonly times?: readonly [Spread, Spread];
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, slow: { type: 'boolean' }, json: { type: 'string' } },
});
const runs = values.quick ? 3 : 11;
const here = import.meta.dirname;
const program = join(here, '../../dist/vfio-names.cjs');
const work = mkdtempSync(join(tmpdir(), 'vfio-names-bench-'));
const rows: Row[] = [];

function compile(name: string): string {
  const output = join(work, name);
  execFileSync('cc', ['-O2', '-o', output, join(here, `${name}.c`)], { stdio: 'inherit' });
  return output;
}

function compare(
  what: string,
  first: CommandLine,
  beside: string,
  second: CommandLine,
  aim?: string,
  count = runs,
): number {
  const times = inTurn(first, second, count);
  const ratio = times[0].median / times[1].median;
  rows.push({ what, beside, ratio, times, ...(aim !== undefined && { aim }) });
  return times[0].median;
}

async function measure(): Promise<void> {
  const [fixture, walk, id] = [compile('fixture'), compile('walk'), compile('id')];
  const ours = (...words: string[]): CommandLine => [process.execPath, program, ...words];
  const bare: CommandLine = [process.execPath, '-e', '0'];
  const sizes = values.slow ? [64, 4096, 65536] : [64, 4096];
  const verifyTimes = new Map<number, number>();
  for (const size of sizes) {
    const root = join(work, String(size));
    execFileSync(fixture, [root, String(size)]);
    verifyTimes.set(
      size,
      compare(
        `verify ${size}`,
        ours('verify', '--root', root),
        'C, the same calls',
        [walk, root],
        size === 4096 ? '<= 2.5' : undefined,
      ),
    );
    compare(`list ${size}`, ours('list', '--root', root), 'verify', ours('verify', '--root', root));
    compare(
      `resolve, of ${size}`,
      ours('resolve', '--root', root, '0000:00:02.0'),
      'node -e 0',
      bare,
      '<= 1.25',
    );
    if (size === 64)
      compare(
        'verify 64',
        ours('verify', '--root', root),
        "an admin's shell loop",
        [join(here, 'loop.sh'), root],
        undefined,
        3,
      );
    const megabytes = peakMemory(program, ['list', '--root', root]);
    rows.push({ what: `list ${size}, memory`, beside: '100 MB', ratio: megabytes / 100, aim: '<= 1' });
  }
  await measureHolders();
  const [small, large] = [sizes[1] ?? 0, sizes.at(-1) ?? 0];
  const [from, to] = large === small ? [64, 4096] : [4096, large];
  const grown = (verifyTimes.get(to) ?? 0) / (verifyTimes.get(from) ?? 1);
  rows.push({
    what: `verify, growth ${from} to ${to}`,
    beside: 'exponent',
    ratio: Math.log(grown) / Math.log(to / from),
    aim: '<= 1.1',
  });
  const root = join(work, '4096');
  const devpath = '/devices/pci0000:00/0000:00:02.0/vfio-dev/vfio16';
  const native = join(here, '../../dist/vfio_id-static');
  const words = [`--root=${root}`, '--facts=bus,name,group', devpath];
  if (existsSync(native)) {
    compare('vfio_id, native', [native, ...words], 'C, the same lines', [id, root, devpath], '<= 2.0');
    compare(
      'vfio_id on Node',
      [process.execPath, '--jitless', join(here, '../../dist/vfio_id.cjs'), ...words],
      'vfio_id, native',
      [native, ...words],
      '>= 25',
    );
  }
}

/** A process with 10,000 open descriptors, and who has a node open that nobody has. */
async function measureHolders(): Promise<void> {
  const root = join(work, '64');
  symlinkSync('/proc', join(root, 'proc'));
  const holder = spawn(compile('open-many'), ['10000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const node = join(root, 'dev/vfio/devices/vfio16');
  const fuser: CommandLine = ['sh', '-c', 'fuser "$0" 2>/dev/null; :', node];
  compare(
    'holders, 10000 descriptors',
    [process.execPath, program, 'holders', '--root', root, 'vfio16'],
    'fuser',
    fuser,
  );
  holder.stdin.end();
  await once(holder, 'close');
}

function show(row: Row): string {
  const spread = (of: Spread | undefined): string =>
    of ? `${of.median.toFixed(1)} ms (${of.lowest.toFixed(1)}-${of.highest.toFixed(1)})` : '';
  return [
    row.what.padEnd(26),
    row.beside.padEnd(24),
    row.ratio.toFixed(2).padStart(7),
    (row.aim ?? '').padEnd(8),
    spread(row.times?.[0]).padEnd(28),
    spread(row.times?.[1]),
  ]
    .join('  ')
    .trimEnd();
}

try {
  if (process.getuid?.() !== 0)
    throw new Error('expected root, which real char nodes need; run it with sudo');
  await measure();
  for (const row of rows) console.log(show(row));
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ version: 1, rows }, undefined, 2)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
