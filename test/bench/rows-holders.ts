/** Compares holders with fuser: with one process that has 10,000 descriptors, and with 10,000 processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

export async function measureHolders(table: Table, shop: BenchContext): Promise<void> {
  const root = shop.fixture(64);
  if (!existsSync(join(root, 'proc'))) symlinkSync('/proc', join(root, 'proc'));
  const holder = spawn(shop.compile('open-many'), ['10000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  await table.compare(
    'holders, 10000 descriptors',
    shop.command('holders', '--root', root, 'vfio16'),
    'fuser',
    ['sh', '-c', 'fuser "$0" 2>/dev/null; :', join(root, 'dev/vfio/devices/vfio16')],
  );
  holder.stdin.end();
  await once(holder, 'close');
  const crowd = spawn(shop.compile('crowd'), ['10000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(crowd.stdout, 'data');
  const medianMs = await table.compare(
    'holders, 10000 processes',
    shop.command('holders', '--root', root, 'vfio16'),
    'fuser',
    ['sh', '-c', 'fuser "$0" 2>/dev/null; :', join(root, 'dev/vfio/devices/vfio16')],
    undefined,
    5,
  );
  if (Number.isFinite(medianMs))
    table.add({
      measured: 'holders, 10000 processes, time',
      comparedWith: 'a second',
      ratio: medianMs / 1000,
      target: '<= 1',
    });
  crowd.stdin.end();
  await once(crowd, 'close');
}
