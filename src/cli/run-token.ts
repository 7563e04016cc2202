/** A unique token per run, for the names of temporary files. */
import { randomBytes } from 'node:crypto';

/** The process id and 8 random hex digits: unique even across PID namespaces that share one /dev. */
export function runToken(): string {
  return `${process.pid}-${randomBytes(4).toString('hex')}`;
}
