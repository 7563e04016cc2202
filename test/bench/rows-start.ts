/** How long each command takes on a small machine, beside a Node that does nothing. */
import type { Table } from './table.ts';
import type { Workshop } from './workshop.ts';

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

export async function measureStart(table: Table, shop: Workshop): Promise<void> {
  const root = shop.fixture(64);
  for (const words of commands) {
    const line = shop.ours(...words, ...(words[0]?.startsWith('--') ? [] : ['--root', root]));
    await table.compare(
      `start of ${words.filter((word) => word !== 'vfio16').join(' ')}`,
      line,
      'node -e 0',
      shop.bare,
    );
  }
}
