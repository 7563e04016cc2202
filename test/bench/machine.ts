/** Describes the machine of a run, without anything that identifies it. */
import { cpus, release } from 'node:os';

export interface MachineKind {
  /** Day of the run, `2026-11-21`. */
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  /** `6.18`, without the part that identifies the build. */
  readonly kernel: string;
  readonly node: string;
}

export function describeMachine(): MachineKind {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    kernel: release().replace(/^(\d+\.\d+).*/, '$1'),
    node: process.version,
  };
}
