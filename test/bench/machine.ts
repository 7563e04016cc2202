/** What kind of machine measured: as much as a reader needs to weigh a ratio, and nothing that names it. */
import { cpus, release } from 'node:os';

export interface MachineKind {
  /** Day of the run, `2026-11-21`. */
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  /** `6.18`: what follows names the machine more than the kernel. */
  readonly kernel: string;
  readonly node: string;
}

export function thisMachine(): MachineKind {
  const all = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    kernel: release().replace(/^(\d+\.\d+).*/, '$1'),
    node: process.version,
  };
}
