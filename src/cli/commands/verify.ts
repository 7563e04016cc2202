/** `verify`: reports every finding with its remedy; `--fix` first runs sync. */
import { readAccountNames } from '../../devices/accounts.ts';
import { findClasslessDevices } from '../../devices/not-bound.ts';
import { exitStatus } from '../../errors.ts';
import type { Finding } from '../../links/finding.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { findScanned } from '../../links/select.ts';
import { type SyncResult, sync } from '../../links/sync.ts';
import { type Verification, verify } from '../../links/verify.ts';
import { plural } from '../../text/prose.ts';
import { paint } from '../colour.ts';
import type { Io, RunCommand } from '../command.ts';
import { loadPolicyMachine, reportGroupNodes, reportPolicyNotes, reportSkippedAccess } from '../context.ts';
import { findingLines, wrapAt } from '../finding-lines.ts';
import { accessOutcomeJson, jsonDocument, outcomeJson } from '../json.ts';
import { formatAccess, formatChange } from '../output.ts';
import { terminalColumns } from '../terminal.ts';
import { reportAccess, reportFailures, statusOf } from './sync.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const names = invocation.operands;
  const observation = names.length > 0 ? observe(machine) : undefined;
  const selected = observation && names.flatMap((name) => findScanned(machine, observation, name));
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
  reportGroupNodes(io, machine, verification.observation, selected);
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
  else
    report(io, machine, verification, selected?.length, fixed ? fixedLines(machine, fixed) : [], {
      colour: invocation.colour,
      width: terminalColumns(io, system.process.env),
      isFix: fixed !== undefined,
    });
  if (fixed && statusOf(fixed.outcomes, true, fixed.access) === exitStatus.notPermitted)
    return exitStatus.notPermitted;
  return verification.findings.length > 0 ? exitStatus.findings : exitStatus.ok;
};

function count(
  { observation }: Verification,
  selected: number | undefined,
): { devices: number; names: number } {
  const { scan, classless } = observation;
  return {
    devices: selected ?? scan.devices.length + classless.length,
    names: observation.assignment.winners.size,
  };
}

interface Layout {
  readonly colour: boolean;
  readonly width: number | undefined;
  /** Whether --fix was given. */
  readonly isFix: boolean;
}

function report(
  io: Io,
  machine: Machine,
  verification: Verification,
  selected: number | undefined,
  fixed: readonly string[],
  layout: Layout,
): void {
  const { devices, names } = count(verification, selected);
  const { findings } = verification;
  for (const line of fixed) io.out(`${paint('fixed:', 'green', layout.colour)} ${line}\n`);
  for (const line of findingLines(findings, layout)) io.out(`${line}\n`);
  if (findings.length > 0)
    for (const line of wrapAt(summaryLine(findings, layout.isFix), layout.width)) io.out(`${line}\n`);
  else if (devices === 0) io.out(`nothing to verify: ${noDevicesReason(machine)}\n`);
  else
    io.out(
      `${paint('OK:', 'green', layout.colour)} ${plural(devices, 'device')}${selected === undefined ? `, ${plural(names, 'name')}` : ''}, all correct\n`,
    );
}

/** `3 findings`, and which of them sync corrects. */
function summaryLine(findings: readonly Finding[], isFix: boolean): string {
  const fixable = findings.filter((finding) => finding.fixable).length;
  const advice =
    fixable === 0 || isFix
      ? ''
      : `; vfio-names verify --fix corrects ${fixable === findings.length ? (fixable === 1 ? 'it' : 'all') : fixable}`;
  return `${plural(findings.length, 'finding')}${advice}`;
}

function noDevicesReason({ files, root }: Machine): string {
  return findClasslessDevices(files, root).length > 0
    ? 'this kernel has no class vfio-dev (Linux before 6.1), so devices have no nodes and no names'
    : 'no device is bound to a VFIO driver here';
}

/** The changes that were made, one line each. */
function fixedLines({ files, root }: Machine, { outcomes, access }: SyncResult): string[] {
  return [
    ...outcomes.flatMap(({ change, result }) => (result === 'done' ? [formatChange(change)] : [])),
    ...access.flatMap(({ file, from = '', to = '', result }) =>
      result === 'done' ? [formatAccess({ file, from, to }, readAccountNames(files, root))] : [],
    ),
  ];
}
