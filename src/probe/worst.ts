/** One exit status for several probes. Pure. */
import { type ExitStatus, exitStatus } from '../errors.ts';

/** The worst first: what was asked for is not there, can't be done here, may not be done by you, does not work now. */
const order: readonly ExitStatus[] = [
  exitStatus.noDevice,
  exitStatus.unsupported,
  exitStatus.notPermitted,
  exitStatus.findings,
];

/** The status that counts for all; 0 only where all are 0. */
export function worstStatus(statuses: readonly ExitStatus[]): ExitStatus {
  return order.find((status) => statuses.includes(status)) ?? exitStatus.fine;
}
