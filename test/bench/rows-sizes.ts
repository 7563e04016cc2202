/** Measures the installed size and the number of npm dependencies at run time. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

export async function measureSizes(table: Table, shop: BenchContext): Promise<void> {
  const top = shop.file('../..');
  const install = join(top, 'packaging/install.sh');
  if (existsSync(install)) {
    const destination = join(shop.tempDir, 'installed');
    execFileSync('bash', [install, '--destdir', destination], { stdio: 'ignore' });
    const bytes = Number(execFileSync('du', ['-sb', destination], { encoding: 'utf8' }).split('\t')[0]);
    table.add({ measured: 'installed', comparedWith: '1 MB', ratio: bytes / 1e6 });
  }
  const lock = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
  };
  const needed = Object.entries(lock.packages).filter(
    ([path, { dev, optional }]) => path && !dev && !optional,
  );
  table.add({ measured: 'npm packages at run time', comparedWith: 'one', ratio: needed.length });
}
