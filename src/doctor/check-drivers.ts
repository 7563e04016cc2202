/** Checks whether each device that the policy wants has its driver, and says who bound the others. */
import { describeUses } from '../bind/effects.ts';
import type { BoundBy } from '../bind/origin.ts';
import { printable } from '../text/printable.ts';
import { type CheckResult, ok, warning } from './result.ts';
import type { Snapshot } from './snapshot.ts';

const origins: Readonly<Record<BoundBy, string>> = {
  policy: 'by this policy',
  driverctl: 'by driverctl',
  'kernel-parameter': 'by vfio-pci.ids= of the kernel',
  modprobe: 'by modprobe.d',
  other: 'by hand or another program',
};

/** How many devices have a line of their own. */
const MAX_LINES = 5;

/** Reports the devices without the driver of the policy, and how many are bound by what; no line if there are none. */
export function checkDrivers({ drivers, devices }: Snapshot): CheckResult[] {
  const { missing, used, counts, rules, hasRules, isEarlyBoot } = drivers;
  const lines = [
    ...(rules
      ? [warning('drivers', printable(rules.message), rules.hint ?? 'vfio-names rules install')]
      : []),
    ...used
      .slice(0, MAX_LINES)
      .map(({ name, uses }) =>
        warning(
          'drivers',
          printable(`the policy takes ${name} at the next boot; ${describeUses(uses)}`),
          'exclude it from the match of [[bind]], if the host needs it',
        ),
      ),
    ...missing
      .slice(0, MAX_LINES)
      .map(({ message, remedy }) =>
        warning('drivers', printable(message), printable(remedy ?? 'vfio-names bind --dry-run shows it')),
      ),
  ];
  if (missing.length > MAX_LINES)
    lines.push(
      warning(
        'drivers',
        `${missing.length - MAX_LINES} more devices do not have the driver of the policy`,
        'vfio-names bind --dry-run shows them',
      ),
    );
  if (lines.length > 0) return lines;
  const bound = [...counts].map(([origin, count]) => `${count} ${origins[origin]}`).join(', ');
  const parts = [
    'every device has the driver of the policy',
    ...(bound === '' ? [] : [`bound to VFIO: ${bound}`]),
    // Of the shell that an image starts when it does not find the root.
    ...(isEarlyBoot ? ['if the root is on one of them, boot with vfio_names.bind=0'] : []),
  ];
  if (hasRules) return [ok('drivers', parts.join('; '))];
  return devices.length === 0 ? [] : [ok('drivers', `bound to VFIO: ${bound}`)];
}
