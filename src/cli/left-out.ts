/** Which devices get no name since their nodes are not there, for programs and for people. Knows no other reason. */
import { nodePathOf } from '../links/check-node.ts';
import type { Observation } from '../links/observe.ts';
import { nodeRemedy } from '../links/resolve.ts';
import { printable } from '../text/printable.ts';
import type { Io } from './command.ts';

/** So many are told by name. */
const most = 3;

/** A line for each device. */
export function leftOutLines({ scan, missing }: Pick<Observation, 'scan' | 'missing'>): string[] {
  if (missing.size === 0) return [];
  return scan.devices
    .filter(({ sysname }) => missing.has(sysname))
    .map(
      ({ name, sysname }) =>
        `${printable(name)} is left out: expected its node at ${nodePathOf(printable(sysname))}, found nothing; ${nodeRemedy}`,
    );
}

/** One line on stderr for all of them: there is nothing that the command could do. */
export function reportLeftOut(io: Io, seen: Pick<Observation, 'scan' | 'missing'>): void {
  const line = leftOutLine(seen);
  if (line !== undefined) io.err(`vfio-names: ${line}`);
}

function leftOutLine(seen: Pick<Observation, 'scan' | 'missing'>): string | undefined {
  const { scan, missing } = seen;
  if (missing.size < 2) return leftOutLines(seen)[0];
  const names = scan.devices.filter(({ sysname }) => missing.has(sysname)).map(({ name }) => printable(name));
  const rest = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.length} devices are left out: expected their nodes in ${nodePathOf('').slice(0, -1)}, found none of ${names.slice(0, most).join(', ')}${rest}; ${nodeRemedy}`;
}
