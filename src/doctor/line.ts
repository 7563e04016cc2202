/** The lines of doctor's report. */

/** Severity of a line. */
export type State = 'ok' | 'warning' | 'fault';

/** All checks, in the order of the report: each depends on those before it. */
export const checkNames = [
  'kernel',
  'iommu',
  'vfio',
  'cdev',
  'iommufd',
  'devices',
  'groups',
  'policy',
  'udev',
  'watch',
  'names',
  'holders',
  'memlock',
] as const;

export type CheckName = (typeof checkNames)[number];

/** Result of one check. */
export interface Line {
  readonly check: CheckName;
  readonly state: State;
  /** What was found: one line, printable. */
  readonly message: string;
  /** What to do; absent if nothing needs to be done. */
  readonly remedy?: string;
}

/** A line without a problem. */
export const ok = (check: CheckName, message: string): Line => ({ check, state: 'ok', message });

/** A line about a possible problem; does not change the exit status. */
export const warning = (check: CheckName, message: string, remedy: string): Line => ({
  check,
  state: 'warning',
  message,
  remedy,
});

/** A line about a problem that must be fixed; doctor exits with status 1. */
export const fault = (check: CheckName, message: string, remedy: string): Line => ({
  check,
  state: 'fault',
  message,
  remedy,
});
