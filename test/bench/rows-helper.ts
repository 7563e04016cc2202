/** Compares vfio_id with C, a shell script and its Node build. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

export async function measureHelper(table: Table, shop: BenchContext): Promise<void> {
  const root = shop.fixture(4096);
  const devpath = '/devices/pci0000:00/0000:00:02.0/vfio-dev/vfio16';
  const [native, onNode] = [join(shop.dist, 'native/vfio_id-static'), join(shop.dist, 'vfio_id.cjs')];
  const args = [`--root=${root}`, '--facts=bus,name,group', devpath];
  const ours: CommandLine = [native, ...args];
  if (!existsSync(native)) {
    console.log(
      'vfio_id: not measured, expected dist/native/vfio_id-static; run npm run build:native -- --chroot',
    );
    return;
  }
  const inC: CommandLine = [shop.compile('id'), root, devpath];
  await table.compare('vfio_id', ours, 'C, the same lines', inC, '<= 2.0');
  await table.compare('vfio_id', ours, 'sh, the same lines', ['sh', shop.file('id.sh'), root, devpath]);
  const nodes: CommandLine = [process.execPath, '--jitless', onNode, ...args];
  await table.compare('vfio_id on Node', nodes, 'vfio_id', ours, '>= 25');
}
