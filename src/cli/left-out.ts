/** Reports devices that get no link because their node is missing. */
import { nodePathOf } from '../links/check-node.ts';
import type { Observation } from '../links/observe.ts';
import { nodeRemedy } from '../links/resolve.ts';
import { printable } from '../text/printable.ts';
import type { Io } from './command.ts';

/** How many devices the message names. */
const MAX_NAMES = 3;

/** One line for each device whose node is missing. */
export function missingNodeLines({
  scan,
  missingNodes,
}: Pick<Observation, 'scan' | 'missingNodes'>): string[] {
  if (missingNodes.size === 0) return [];
  return scan.devices
    .filter(({ sysname }) => missingNodes.has(sysname))
    .map(
      ({ name, sysname }) =>
        `${printable(name)} is left out: expected its node at ${nodePathOf(printable(sysname))}, found nothing; ${nodeRemedy}`,
    );
}

/** Prints one line on stderr for all devices whose node is missing. */
export function reportMissingNodes(io: Io, observation: Pick<Observation, 'scan' | 'missingNodes'>): void {
  const line = summaryLine(observation);
  if (line !== undefined) io.err(`vfio-names: ${line}`);
}

function summaryLine(observation: Pick<Observation, 'scan' | 'missingNodes'>): string | undefined {
  const { scan, missingNodes } = observation;
  if (missingNodes.size < 2) return missingNodeLines(observation)[0];
  const names = scan.devices
    .filter(({ sysname }) => missingNodes.has(sysname))
    .map(({ name }) => printable(name));
  const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.length} devices are left out: expected their nodes in ${nodePathOf('').slice(0, -1)}, found none of ${names.slice(0, MAX_NAMES).join(', ')}${rest}; ${nodeRemedy}`;
}
