import { spawnSync } from 'node:child_process';
import test from 'ava';

/** The lines that make a scenario fail, of a console that shows these. */
function kernelReports(lines: readonly string[]): string[] {
  const script = 'source "$1/lib/scenario.sh" && kernel_reports <(cat)';
  const input = lines.map((line) => `${line}\r\n`).join('');
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', import.meta.dirname], {
    input,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean);
}

test('a scenario fails for what a kernel reports of itself, and for nothing else', (t) => {
  const faults = [
    '[    6.712997] WARNING: possible circular locking dependency detected',
    '[   12.000001] BUG: KASAN: slab-use-after-free in vfio_device_put+0x1/0x2',
    '[   12.000001][  T123] BUG: sleeping function called from invalid context at mm/slab.h:3',
    '[  400.100000] INFO: task udevd:12 blocked for more than 120 seconds.',
    '[    1.000000] UBSAN: shift-out-of-bounds in drivers/vfio/x.c:1:2',
    '[    1.000000] Oops: general protection fault, probably for non-canonical address',
  ];
  const others = [
    '[    0.032000] tsc: Unable to calibrate against PIT',
    '[   90.000000] rcu: INFO: rcu_sched self-detected stall on CPU',
    '[   90.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!',
    'vfio-names: WARNING: printed by a program',
    'qemu-system-x86_64: warning: nic e1000e.0 has no peer',
  ];
  t.deepEqual(kernelReports([...faults, ...others]), faults);
  t.deepEqual(kernelReports(others), []);
});
