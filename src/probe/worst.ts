/** Combines the exit statuses of several probes. */
import { type ExitStatus, exitStatus } from '../errors.ts';

/**
 * Most severe first: device not found, not supported by this kernel, not permitted, does not work at the
 * moment.
 */
const bySeverity: readonly ExitStatus[] = [
  exitStatus.noDevice,
  exitStatus.unsupported,
  exitStatus.notPermitted,
  exitStatus.findings,
];

/** Returns the most severe status; 0 only if all are 0. */
export function mostSevereStatus(statuses: readonly ExitStatus[]): ExitStatus {
  return bySeverity.find((status) => statuses.includes(status)) ?? exitStatus.ok;
}
