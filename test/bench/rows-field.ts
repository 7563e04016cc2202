/**
 * Compares with existing tools on the same fixture. They have no --root option, so the fixture is mounted on /sys and
 * /dev/vfio in a separate mount namespace, in which both commands of each row run.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

/** $0 is the fixture. A new /dev hides the machine's own nodes and has only the nodes that the commands require. */
const mountScript = `
mount --make-rprivate / && mount --rbind "$0/sys" /sys && mount -t tmpfs -o mode=755 bench /dev &&
mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/zero c 1 5 && mknod -m 666 /dev/urandom c 1 9 &&
ln -s /proc/self/fd /dev/fd && mkdir /dev/vfio && mount --bind "$0/dev/vfio" /dev/vfio && echo ready && exec cat`;

export async function measureField(table: Table, shop: BenchContext): Promise<void> {
  const walk = shop.compile('walk');
  const resolve = shop.compile('resolve');
  for (const size of shop.sizes.filter((size) => size <= 4096)) {
    const namespace = spawn('unshare', ['--mount', 'sh', '-c', mountScript, shop.fixture(size)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(namespace.stdout, 'data');
    const inside = (...line: CommandLine): CommandLine => [
      'nsenter',
      `--mount=/proc/${namespace.pid}/ns/mnt`,
      '--',
      ...line,
    ];
    const list = inside(...shop.command('list'));
    const verify = inside(...shop.command('verify'));
    await table.compare(`list ${size}, on /sys`, list, 'C, verify', inside(walk, ''));
    if (has('udevadm'))
      await table.compare(`list ${size}, on /sys`, list, 'udevadm info --export-db', [
        ...inside('env', 'SYSTEMD_DEVICE_VERIFY_SYSFS=0', 'udevadm', 'info', '--export-db'),
      ]);
    if (has('python3') && spawnSync('python3', ['-c', 'import pyudev']).status === 0)
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
    namespace.stdin.end();
    await once(namespace, 'close');
  }
}

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' });
    return true;
  } catch {
    console.log(`${program}: not measured, it is not installed`);
    return false;
  }
}
