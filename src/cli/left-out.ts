/** Reports devices that get no link because their node is missing. */
import { nodePathOf } from '../links/check-node.ts';
import type { Observation } from '../links/observe.ts';
import { nodeRemedy } from '../links/resolve.ts';
import { printable } from '../text/printable.ts';
import type { Io } from './command.ts';

/** How many devices the message names. */
const MAX_NAMES = 3;

/** One line for each device whose node is missing. */
export function leftOutLines({ scan, missing }: Pick<Observation, 'scan' | 'missing'>): string[] {
  if (missing.size === 0) return [];
  return scan.devices
    .filter(({ sysname }) => missing.has(sysname))
    .map(
      ({ name, sysname }) =>
        `${printable(name)} is left out: expected its node at ${nodePathOf(printable(sysname))}, found nothing; ${nodeRemedy}`,
    );
}

/** Prints one line on stderr for all devices whose node is missing. */
export function reportLeftOut(io: Io, observation: Pick<Observation, 'scan' | 'missing'>): void {
  const line = summaryLine(observation);
  if (line !== undefined) io.err(`vfio-names: ${line}`);
}

function summaryLine(observation: Pick<Observation, 'scan' | 'missing'>): string | undefined {
  const { scan, missing } = observation;
  if (missing.size < 2) return leftOutLines(observation)[0];
  const names = scan.devices.filter(({ sysname }) => missing.has(sysname)).map(({ name }) => printable(name));
  const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.length} devices are left out: expected their nodes in ${nodePathOf('').slice(0, -1)}, found none of ${names.slice(0, MAX_NAMES).join(', ')}${rest}; ${nodeRemedy}`;
}
