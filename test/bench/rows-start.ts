/** Compares each command on a small machine with a Node process that does nothing. */
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

const commands: readonly (readonly string[])[] = [
  ['list'],
  ['show', 'vfio16'],
  ['resolve', 'vfio16'],
  ['plan'],
  ['sync'],
  ['verify'],
  ['graph', '--format', 'text'],
  ['nfd'],
  ['rules', 'render'],
  ['config', 'show'],
  ['--help'],
  ['--version'],
];

export async function measureStart(table: Table, shop: BenchContext): Promise<void> {
  const root = shop.fixture(64);
  for (const args of commands) {
    const line = shop.command(...args, ...(args[0]?.startsWith('--') ? [] : ['--root', root]));
    await table.compare(
      `start of ${args.filter((arg) => arg !== 'vfio16').join(' ')}`,
      line,
      'node -e 0',
      shop.emptyNode,
    );
  }
}
