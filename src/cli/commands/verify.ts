/** `verify`: reports every finding with its remedy; `--fix` first runs sync. */
import { exitStatus } from '../../errors.ts';
import { findByNameOrPath } from '../../links/find.ts';
import type { Finding } from '../../links/finding.ts';
import { observe } from '../../links/observe.ts';
import { sync } from '../../links/sync.ts';
import { type Verification, verify } from '../../links/verify.ts';
import { plural } from '../../text/prose.ts';
import type { Io, RunCommand } from '../command.ts';
import { loadPolicyMachine, reportSkippedAccess } from '../context.ts';
import { jsonDocument, outcomeJson } from '../json.ts';
import { formatMessage } from '../output.ts';
import { reportAccess, reportFailures, statusOf } from './sync.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const names = invocation.operands;
  const observation = names.length > 0 ? observe(machine) : undefined;
  const selected = observation && names.map((name) => findByNameOrPath(machine, observation, name));
  const fixed = invocation.flags['fix'] ? sync(machine, system.process.token()) : undefined;
  if (fixed) {
    reportSkippedAccess(machine, (message) => io.err(`vfio-names: ${message}`));
    reportFailures(
      io,
      fixed.outcomes.filter((outcome) => outcome.result === 'failed'),
      fixed.stable,
    );
    reportAccess(io, fixed.access);
  }
  const verification = verify(machine, selected);
  const counts = count(verification, selected?.length);
  if (invocation.json)
    io.out(
      jsonDocument({
        deviceCount: counts.devices,
        linkCount: counts.names,
        findings: verification.findings,
        ...(fixed && { fixed: fixed.outcomes.map(outcomeJson), access: fixed.access }),
      }),
    );
  else
    report(
      io,
      verification,
      selected?.length,
      fixed && [...fixed.outcomes, ...fixed.access].filter(({ result }) => result === 'done').length,
    );
  if (fixed && statusOf(fixed.outcomes, true, fixed.access) === exitStatus.notPermitted)
    return exitStatus.notPermitted;
  // Node access is not part of the findings, so check here whether it could not be set.
  const refused = fixed?.access.some(({ result }) => result === 'failed') ?? false;
  return verification.findings.length > 0 || refused ? exitStatus.findings : exitStatus.ok;
};

function count(
  { observation }: Verification,
  selected: number | undefined,
): { devices: number; names: number } {
  return { devices: selected ?? observation.scan.devices.length, names: observation.assignment.winners.size };
}

function report(
  io: Io,
  verification: Verification,
  selected: number | undefined,
  fixed: number | undefined,
): void {
  const { devices, names } = count(verification, selected);
  if (fixed !== undefined && fixed > 0) io.out(`fixed: ${plural(fixed, 'change')}\n`);
  for (const finding of verification.findings) io.out(findingLine(finding));
  if (verification.findings.length > 0) io.out(`${plural(verification.findings.length, 'finding')}\n`);
  else if (devices === 0) io.out('nothing to verify: no device is bound to a VFIO driver here\n');
  else
    io.out(
      `fine: ${plural(devices, 'device')}${selected === undefined ? `, ${plural(names, 'name')}` : ''}, all true\n`,
    );
}

function findingLine({ code, file, message, remedy }: Finding): string {
  return `${formatMessage(`${code}: ${file}: ${message}`, remedy)}\n`;
}
