/** Measures list, resolve, plan, sync and verify: time, memory and growth with the number of devices. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

export async function measureNames(table: Table, shop: BenchContext): Promise<void> {
  const walk = shop.compile('walk');
  const verifyTimes = new Map<number, number>();
  for (const size of shop.sizes) {
    const root = shop.fixture(size);
    const ours = (command: string, ...args: readonly string[]) =>
      shop.command(command, '--root', root, ...args);
    verifyTimes.set(
      size,
      await table.compare(
        `verify ${size}`,
        ours('verify'),
        'C, the same calls',
        [walk, root],
        size === 4096 ? '<= 2.5' : undefined,
      ),
    );
    await table.compare(`list ${size}`, ours('list'), 'verify', ours('verify'));
    const name = '0000:00:02.0';
    await table.compare(`resolve, of ${size}`, ours('resolve', name), 'node -e 0', shop.emptyNode, '<= 1.25');
    await table.compare(`sync ${size}, nothing to do`, ours('sync'), 'verify', ours('verify'));
    await table.compare(`plan ${size}`, ours('plan'), 'list', ours('list'));
    if (size <= 4096) await measureFirstSync(table, shop, size);
    const limit = size > 4096 ? 150 : 100;
    for (const command of ['list', 'verify'])
      table.add({
        measured: `${command} ${size}, memory`,
        comparedWith: `${limit} MB`,
        ratio: shop.usage(ours(command)).memory / limit,
        target: '<= 1',
      });
  }
  const [small, large] = [shop.sizes.at(-2) ?? 0, shop.sizes.at(-1) ?? 0];
  for (const [from, to] of [[64, large] as const, [small, large] as const]) {
    const growth = (verifyTimes.get(to) ?? Number.NaN) / (verifyTimes.get(from) ?? Number.NaN);
    if (Number.isFinite(growth) && from < to)
      table.add({
        measured: `verify, growth ${from} to ${to}`,
        comparedWith: 'exponent',
        ratio: Math.log(growth) / Math.log(to / from),
        target: '<= 1.1',
      });
    if (from === small) break;
  }
}

/** Measures a first sync against a C program that creates the same links by symlink and rename. */
async function measureFirstSync(table: Table, shop: BenchContext, size: number): Promise<void> {
  const root = shop.fixture(size);
  const links = join(root, 'dev/vfio/pci');
  const link = shop.compile('link');
  const withoutLinks = (task: () => number) => async (): Promise<number> => {
    rmSync(links, { recursive: true });
    return task();
  };
  await table.compare(
    `sync ${size}, from nothing`,
    withoutLinks(() => shop.stopwatch(shop.command('sync', '--root', root))),
    'C, the same links',
    withoutLinks(() => shop.stopwatch([link, root])),
  );
}
