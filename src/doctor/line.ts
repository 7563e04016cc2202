/** What doctor has to say: one line about one thing. Types, and the three ways to make one. */

export type State = 'ok' | 'warning' | 'fault';

/** The things that are looked at, in the order in which they are told: each needs those before it. */
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

export interface Line {
  readonly check: CheckName;
  readonly state: State;
  /** What was found, one line, printable. */
  readonly message: string;
  /** What to do; absent where nothing needs to be done. */
  readonly remedy?: string;
}

export const ok = (check: CheckName, message: string): Line => ({ check, state: 'ok', message });

export const warning = (check: CheckName, message: string, remedy: string): Line => ({
  check,
  state: 'warning',
  message,
  remedy,
});

export const fault = (check: CheckName, message: string, remedy: string): Line => ({
  check,
  state: 'fault',
  message,
  remedy,
});
