/** Mounts a fixture on /sys and /dev/vfio in a mount namespace of its own, for programs that have no --root option. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { CommandLine } from './measure.ts';
import type { BenchContext } from './workshop.ts';

/** $0 is the fixture. A new /dev hides the machine's own nodes and has only the nodes that the commands require. */
const mountScript = `
mount --make-rprivate / && mount --rbind "$0/sys" /sys && mount -t tmpfs -o mode=755 bench /dev &&
mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/zero c 1 5 && mknod -m 666 /dev/urandom c 1 9 &&
ln -s /proc/self/fd /dev/fd && mkdir /dev/vfio && mount --bind "$0/dev/vfio" /dev/vfio && echo ready && exec cat`;

/** Calls `measure` with a function that makes a command run where the fixture of that size is mounted. */
export async function withFixtureOnSys(
  shop: BenchContext,
  size: number,
  measure: (inside: (...line: CommandLine) => CommandLine) => Promise<void>,
): Promise<void> {
  const namespace = spawn('unshare', ['--mount', 'sh', '-c', mountScript, shop.fixture(size)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(namespace.stdout, 'data');
  await measure((...line) => ['nsenter', `--mount=/proc/${namespace.pid}/ns/mnt`, '--', ...line]);
  namespace.stdin.end();
  await once(namespace, 'close');
}
