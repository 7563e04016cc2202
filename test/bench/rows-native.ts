/** Compares the native program with C programs that make the same calls, and with the program that runs on Node. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

export async function measureNative(table: Table, shop: BenchContext): Promise<void> {
  const version = shop.native('--version');
  if (version === undefined) {
    console.log(
      'native program: not measured, expected dist/native/vfio-names-static; run npm run build:native -- --chroot',
    );
    return;
  }
  await table.compare('native --version', version, 'C, one line', [shop.compile('line')], '<= 4');
  for (const size of shop.sizes) await measureSize(table, shop, size);
  await measureGrowth(table, shop);
  for (const name of ['vfio-names', 'vfio_id'])
    table.add({
      measured: `native ${name}, size`,
      comparedWith: '2.5 MB',
      ratio: statSync(join(shop.dist, 'native', name)).size / 2.5e6,
      target: '<= 1',
    });
}

async function measureSize(table: Table, shop: BenchContext, size: number): Promise<void> {
  const root = shop.fixture(size);
  const native = (...words: readonly string[]): CommandLine =>
    shop.native(...words, '--root', root) ?? shop.emptyNode;
  const onNode = (...words: readonly string[]): CommandLine => shop.command(...words, '--root', root);
  const cpu = (command: CommandLine) => async (): Promise<number> => shop.usage(command).cpu;
  const name = '0000:00:02.0';
  const resolveInC: CommandLine = [shop.compile('resolve'), root, name];
  await table.compare(
    `native resolve, of ${size}`,
    native('resolve', name),
    'C, the same calls',
    resolveInC,
    '<= 6',
  );
  await table.compare(
    `resolve on Node, of ${size}`,
    onNode('resolve', name),
    'native',
    native('resolve', name),
    '>= 15',
  );
  await table.compare(
    `native verify ${size}, CPU`,
    cpu(native('verify')),
    'C, the same calls',
    cpu([shop.compile('walk'), root]),
    { 64: '<= 6', 4096: '<= 2.5' }[size],
  );
  for (const command of ['list', 'verify', 'sync'])
    await table.compare(
      `native ${command} ${size}, CPU`,
      cpu(native(command)),
      'on Node',
      cpu(onNode(command)),
    );
  table.add({
    measured: `native verify ${size}, memory`,
    comparedWith: '80 MB',
    ratio: shop.usage(native('verify')).memory / 80,
    target: '<= 1',
  });
}

/** How verify grows from the second largest to the largest number of devices. */
async function measureGrowth(table: Table, shop: BenchContext): Promise<void> {
  const [small, large] = [shop.sizes.at(-2) ?? 0, shop.sizes.at(-1) ?? 0];
  const time = (size: number): number =>
    shop.usage(shop.native('verify', '--root', shop.fixture(size)) ?? shop.emptyNode).cpu;
  table.add({
    measured: `native verify, growth ${small} to ${large}`,
    comparedWith: 'exponent',
    ratio: Math.log(time(large) / time(small)) / Math.log(large / small),
    target: '<= 1.1',
  });
}
