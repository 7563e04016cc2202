/** The lines of doctor's report. */

/** Severity of a line. */
export type Severity = 'ok' | 'warning' | 'error';

/** All checks, in the order of the report: each depends on those before it. */
export type CheckName =
  | 'kernel'
  | 'iommu'
  | 'vfio'
  | 'cdev'
  | 'iommufd'
  | 'devices'
  | 'drivers'
  | 'groups'
  | 'access'
  | 'policy'
  | 'udev'
  | 'watch'
  | 'names'
  | 'holders'
  | 'memlock';

/** Result of one check. */
export interface CheckResult {
  readonly check: CheckName;
  readonly severity: Severity;
  /** What was found: one line, printable. */
  readonly message: string;
  /** What to do; absent if nothing needs to be done. */
  readonly remedy?: string;
  /** The commands of the remedy, for a shell. */
  readonly commands?: readonly string[];
}

/** A line without a problem. */
export const ok = (check: CheckName, message: string): CheckResult => ({ check, severity: 'ok', message });

/** A line about a possible problem; does not change the exit status. */
export const warning = (check: CheckName, message: string, remedy: string): CheckResult => ({
  check,
  severity: 'warning',
  message,
  remedy,
});

/** A line about a problem that must be fixed; doctor exits with status 1. */
export const error = (check: CheckName, message: string, remedy: string): CheckResult => ({
  check,
  severity: 'error',
  message,
  remedy,
});
