/** `verify`: reports every finding with its remedy; `--fix` first runs sync. */
import { findClasslessDevices } from '../../devices/not-bound.ts';
import { exitStatus } from '../../errors.ts';
import { findByNameOrPath } from '../../links/find.ts';
import type { Finding } from '../../links/finding.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { type SyncResult, sync } from '../../links/sync.ts';
import { type Verification, verify } from '../../links/verify.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { Io, RunCommand } from '../command.ts';
import { loadPolicyMachine, reportGroupNodes, reportPolicyNotes, reportSkippedAccess } from '../context.ts';
import { accessOutcomeJson, jsonDocument, outcomeJson } from '../json.ts';
import { formatAccess, formatChange, formatMessage } from '../output.ts';
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
    // An account that does not exist is a finding.
    reportAccess(
      io,
      fixed.access.filter(({ error }) => /^E[A-Z0-9]+\b/.test(error ?? '')),
    );
  }
  const verification = verify(machine, selected);
  reportGroupNodes(io, machine, selected ?? verification.observation.scan.devices);
  if (!selected) reportPolicyNotes(io, machine, verification.observation);
  const counts = count(verification, selected?.length);
  if (invocation.json)
    io.out(
      jsonDocument({
        deviceCount: counts.devices,
        linkCount: counts.names,
        findings: verification.findings,
        ...(fixed && { fixed: fixed.outcomes.map(outcomeJson), access: fixed.access.map(accessOutcomeJson) }),
      }),
    );
  else report(io, machine, verification, selected?.length, fixed ? fixedLines(fixed) : []);
  if (fixed && statusOf(fixed.outcomes, true, fixed.access) === exitStatus.notPermitted)
    return exitStatus.notPermitted;
  return verification.findings.length > 0 ? exitStatus.findings : exitStatus.ok;
};

function count(
  { observation }: Verification,
  selected: number | undefined,
): { devices: number; names: number } {
  return { devices: selected ?? observation.scan.devices.length, names: observation.assignment.winners.size };
}

function report(
  io: Io,
  machine: Machine,
  verification: Verification,
  selected: number | undefined,
  fixed: readonly string[],
): void {
  const { devices, names } = count(verification, selected);
  for (const line of fixed) io.out(`fixed: ${line}\n`);
  for (const line of findingLines(verification.findings)) io.out(line);
  if (verification.findings.length > 0) io.out(`${plural(verification.findings.length, 'finding')}\n`);
  else if (devices === 0) io.out(`nothing to verify: ${noDevicesReason(machine)}\n`);
  else
    io.out(
      `fine: ${plural(devices, 'device')}${selected === undefined ? `, ${plural(names, 'name')}` : ''}, all true\n`,
    );
}

function noDevicesReason({ files, root }: Machine): string {
  return findClasslessDevices(files, root).length > 0
    ? 'this kernel has no class vfio-dev (Linux before 6.1), so devices have no nodes and no names'
    : 'no device is bound to a VFIO driver here';
}

/** The changes that were made, one line each. */
function fixedLines({ outcomes, access }: SyncResult): string[] {
  return [
    ...outcomes.flatMap(({ change, result }) => (result === 'done' ? [formatChange(change)] : [])),
    ...access.flatMap(({ file, from = '', to = '', result }) =>
      result === 'done' ? [formatAccess({ file, from, to })] : [],
    ),
  ];
}

/** The number of findings of one kind about one path that are printed. */
const MAX_FINDINGS = 10;

/** One line for each finding; of more than MAX_FINDINGS of one kind about one path, the number of the others. */
function findingLines(findings: readonly Finding[]): string[] {
  const lines: string[] = [];
  const more = new Map<string, { count: number; at: number }>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.file}`;
    const seen = more.get(key) ?? { count: 0, at: 0 };
    more.set(key, seen);
    if (++seen.count <= MAX_FINDINGS) {
      lines.push(findingLine(finding));
      continue;
    }
    if (seen.count === MAX_FINDINGS + 1) seen.at = lines.length;
    const text = `${finding.code}: ${finding.file}: ${seen.count - MAX_FINDINGS} more of this kind`;
    lines[seen.at] = `${formatMessage(text)}\n`;
  }
  return lines;
}

/** A finding about a node names its device; its message has the path. */
function findingLine({ code, file, name, message, remedy }: Finding): string {
  const subject = name !== undefined && !/^\/dev\/vfio\/(?!devices\/)/.test(file) ? printable(name) : file;
  return `${formatMessage(`${code}: ${subject}: ${message}`, remedy)}\n`;
}
