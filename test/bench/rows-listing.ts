/** Compares `list` of the native program with programs that list devices or links. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { withFixtureOnSys } from './fixture-on-sys.ts';
import { isInstalled } from './installed.ts';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

/** Each with the largest number of devices for which it is measured: the slow ones need a minute and more for 4096. */
const programs: readonly { readonly line: CommandLine; readonly most: number }[] = [
  { line: ['udevadm', 'info', '--export-db'], most: 4096 },
  { line: ['driverctl', 'list-devices'], most: 64 },
  { line: ['lspci', '-D'], most: 4096 },
  { line: ['lshw', '-quiet', '-businfo', '-class', 'network'], most: 64 },
  { line: ['find', '/dev/vfio', '-type', 'l', '-printf', '%p %l\\n'], most: 4096 },
];

export async function measureListing(table: Table, shop: BenchContext): Promise<void> {
  const list = shop.native('list');
  if (list === undefined) return;
  const installed = programs.filter(({ line: [program = ''] }) => isInstalled(program));
  for (const size of shop.sizes.filter((count) => count <= 4096)) {
    addPciAttributes(shop.fixture(size));
    await withFixtureOnSys(shop, size, async (inside) => {
      for (const { line, most } of installed)
        if (size <= most)
          await table.compare(
            `native list ${size}, on /sys`,
            inside(...list),
            line.slice(0, 2).join(' '),
            // udevadm reads only a real sysfs otherwise (sd_device_new_from_syspath in systemd's sd-device.c).
            inside('env', 'SYSTEMD_DEVICE_VERIFY_SYSFS=0', ...line),
            undefined,
            5,
          );
    });
  }
}

/** Adds the attributes that the other programs read of each PCI device. */
function addPciAttributes(root: string): void {
  const directory = join(root, 'sys/bus/pci/devices');
  const config = Buffer.alloc(64);
  config.writeUInt32LE(0x10d38086, 0);
  config.writeUInt32LE(0x02000001, 8);
  const attributes = {
    class: '0x020000\n',
    config,
    driver_override: '(null)\n',
    irq: '0\n',
    resource: '0x0000000000000000 0x0000000000000000 0x0000000000000000\n'.repeat(7),
  };
  for (const name of fs.readdirSync(directory))
    for (const [attribute, value] of Object.entries(attributes))
      fs.writeFileSync(join(directory, name, attribute), value);
}
