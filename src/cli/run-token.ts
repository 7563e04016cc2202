/** A word that no other run has, for temporary names. */
import { randomBytes } from 'node:crypto';

/** Process number and 8 random hex digits: unique over process namespaces that share a /dev. */
export function runToken(): string {
  return `${process.pid}-${randomBytes(4).toString('hex')}`;
}
