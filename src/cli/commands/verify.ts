/** `verify`: every finding with its remedy; `--fix` first mends what sync can mend. */
import { exitStatus } from '../../errors.ts';
import { findNamed } from '../../links/find-named.ts';
import type { Finding } from '../../links/finding.ts';
import { observe } from '../../links/observe.ts';
import { sync } from '../../links/sync.ts';
import { type Verification, verify } from '../../links/verify.ts';
import type { Io, Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { accessJson, findingJson, outcomeJson } from '../json-words.ts';
import { machineOf } from '../machine.ts';
import { plural } from '../plural.ts';
import { runToken } from '../run-token.ts';
import { reportAccess, reportFailures, statusOf } from './sync.ts';

export const run: Run = async (invocation, io) => {
  const machine = await machineOf(invocation, io);
  const names = invocation.operands;
  const seen = names.length > 0 ? observe(machine) : undefined;
  const only = seen && names.map((name) => findNamed(machine, seen, name));
  const fixed = invocation.flags['fix'] ? sync(machine, runToken()) : undefined;
  if (fixed) {
    reportFailures(
      io,
      fixed.outcomes.filter((outcome) => outcome.result === 'failed'),
      fixed.settled,
    );
    reportAccess(io, fixed.access);
  }
  const verification = verify(machine, only);
  const counts = count(verification, only?.length);
  if (invocation.json)
    io.out(
      jsonDocument({
        deviceCount: counts.devices,
        linkCount: counts.names,
        findings: verification.findings.map(findingJson),
        ...(fixed && { fixed: fixed.outcomes.map(outcomeJson), access: fixed.access.map(accessJson) }),
      }),
    );
  else
    report(
      io,
      verification,
      only?.length,
      fixed && [...fixed.outcomes, ...fixed.access].filter(({ result }) => result === 'done').length,
    );
  if (fixed && statusOf(fixed.outcomes, true, fixed.access) === exitStatus.notPermitted)
    return exitStatus.notPermitted;
  // Who may use a node is no finding, so a node that could not be given counts by itself.
  const refused = fixed?.access.some(({ result }) => result === 'failed') ?? false;
  return verification.findings.length > 0 || refused ? exitStatus.findings : exitStatus.fine;
};

function count({ seen }: Verification, only: number | undefined): { devices: number; names: number } {
  return { devices: only ?? seen.scan.devices.length, names: seen.desired.wanted.size };
}

function report(
  io: Io,
  verification: Verification,
  only: number | undefined,
  fixed: number | undefined,
): void {
  const { devices, names } = count(verification, only);
  if (fixed !== undefined && fixed > 0) io.out(`fixed: ${plural(fixed, 'change')}\n`);
  for (const finding of verification.findings) io.out(findingLine(finding));
  if (verification.findings.length > 0) io.out(`${plural(verification.findings.length, 'finding')}\n`);
  else if (devices === 0) io.out('nothing to verify: no device is bound to a VFIO driver here\n');
  else
    io.out(
      `fine: ${plural(devices, 'device')}${only === undefined ? `, ${plural(names, 'name')}` : ''}, all true\n`,
    );
}

function findingLine({ code, path, message, remedy }: Finding): string {
  return `${code}: ${path}: ${message}; ${remedy}\n`;
}
