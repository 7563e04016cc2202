/** Compares with existing tools on the same fixture, mounted on /sys and /dev/vfio for both commands of each row. */
import { spawnSync } from 'node:child_process';
import { withFixtureOnSys } from './fixture-on-sys.ts';
import { isInstalled } from './installed.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

export async function measureField(table: Table, shop: BenchContext): Promise<void> {
  const walk = shop.compile('walk');
  const resolve = shop.compile('resolve');
  for (const size of shop.sizes.filter((size) => size <= 4096)) {
    await withFixtureOnSys(shop, size, async (inside) => {
      const list = inside(...shop.command('list'));
      const verify = inside(...shop.command('verify'));
      await table.compare(`list ${size}, on /sys`, list, 'C, verify', inside(walk, ''));
      if (isInstalled('udevadm'))
        await table.compare(`list ${size}, on /sys`, list, 'udevadm info --export-db', [
          ...inside('env', 'SYSTEMD_DEVICE_VERIFY_SYSFS=0', 'udevadm', 'info', '--export-db'),
        ]);
      if (isInstalled('python3') && spawnSync('python3', ['-c', 'import pyudev']).status === 0)
        await table.compare(`verify ${size}, on /sys`, verify, 'Python with pyudev', [
          ...inside('env', 'SYSTEMD_DEVICE_VERIFY_SYSFS=0', 'python3', shop.file('verify.py')),
        ]);
      if (size === 64)
        await table.compare(`verify ${size}, on /sys`, verify, "an admin's shell loop", [
          ...inside('sh', shop.file('loop.sh'), ''),
        ]);
      const ours = inside(...shop.command('resolve', '0000:00:02.0'));
      await table.compare(`resolve, of ${size}, on /sys`, ours, 'a line of shell', [
        ...inside('sh', '-c', 'echo /dev/vfio/devices/$(ls /sys/bus/pci/devices/0000:00:02.0/vfio-dev)'),
      ]);
      await table.compare(`resolve, of ${size}, on /sys`, ours, 'C, the same calls', [
        ...inside(resolve, '', '0000:00:02.0'),
      ]);
    });
  }
}
