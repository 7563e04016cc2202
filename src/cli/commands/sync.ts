/** `sync`: creates, replaces and removes links, and reports changes and failures. */
import { readAccountNames } from '../../devices/accounts.ts';
import { type ExitStatus, exitStatus, explainErrno } from '../../errors.ts';
import type { AccessOutcome } from '../../links/access.ts';
import type { Outcome } from '../../links/plan.ts';
import { areDevicesSkipped, skippedDevices } from '../../links/skipped.ts';
import { sync } from '../../links/sync.ts';
import { conflictRemedy } from '../../links/verify-links.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { Io, RunCommand } from '../command.ts';
import {
  loadPolicyMachine,
  reportGroupNodes,
  reportPolicyNotes,
  reportProblems,
  reportSkipped,
  reportSkippedAccess,
} from '../context.ts';
import { accessOutcomeJson, conflictJson, jsonDocument, outcomeJson } from '../json.ts';
import { formatAccess, formatChange, formatConflict } from '../output.ts';
import { run as runPlan } from './plan.ts';

export const run: RunCommand = async (invocation, io, system) => {
  if (invocation.flags['dry-run']) return runPlan(invocation, io, system);
  const machine = await loadPolicyMachine(invocation, system);
  reportSkippedAccess(machine, (message) => io.err(`vfio-names: ${message}`));
  const { outcomes, observation, stable, access } = sync(machine, system.process.token());
  const { conflicts } = observation.assignment;
  const left = conflicts.length > 0 || areDevicesSkipped(observation);
  const status = worse(statusOf(outcomes, stable, access), left ? exitStatus.findings : exitStatus.ok);
  reportProblems(io, observation.scan.problems);
  reportSkipped(io, observation);
  reportGroupNodes(io, machine, observation);
  reportPolicyNotes(io, machine, observation);
  reportFailures(io, outcomes, stable);
  reportAccess(io, access);
  for (const conflict of conflicts)
    for (const line of formatConflict(conflict)) io.err(`vfio-names: ${line}; ${conflictRemedy(conflict)}`);
  if (invocation.json)
    io.out(
      jsonDocument({
        changed: [...outcomes, ...access].some(({ result }) => result === 'done'),
        outcomes: outcomes.map(outcomeJson),
        access: access.map(accessOutcomeJson),
        conflicts: conflicts.map(conflictJson),
        stable,
        linkCount: observation.assignment.winners.size,
        skipped: skippedDevices(observation),
        problems: observation.scan.problems,
      }),
    );
  else {
    const doneLines = outcomes
      .filter((outcome) => outcome.result === 'done')
      .map((outcome) => `${formatChange(outcome.change)}\n`);
    doneLines.push(
      ...access
        .filter(({ result }) => result === 'done')
        .map(
          ({ file, from = '', to = '' }) =>
            `${formatAccess({ file, from, to }, readAccountNames(machine.files, machine.root))}\n`,
        ),
    );
    if (doneLines.length > 0) io.out(doneLines.join(''));
    // With another status, failed or blocked changes are already reported on stderr.
    else if (status === exitStatus.ok)
      io.out(`nothing to change: ${plural(observation.assignment.winners.size, 'name')}\n`);
  }
  return status;
};

/** The exit status of sync if changes were not made; 4 stays 4. */
function worse(status: ExitStatus, other: ExitStatus): ExitStatus {
  return status === exitStatus.ok ? other : status;
}

/** Prints one line on stderr for each blocked or failed change, and one if the links kept changing (`stable` is false). */
export function reportFailures(io: Io, outcomes: readonly Outcome[], stable: boolean): void {
  for (const { change, result, errno } of outcomes) {
    if (result === 'blocked')
      io.err(`vfio-names: ${formatChange(change)}; look at it, move it away, and sync again`);
    if (result === 'failed')
      io.err(
        `vfio-names: could not ${formatChange(change)}: ${explainErrno(errno ?? 'EIO')}${isDenied(errno) ? '; run it as root' : ''}`,
      );
  }
  if (!stable)
    io.err(
      'vfio-names: the names kept changing while they were made; run sync again, and look for what else changes them',
    );
}

/** Prints one line on stderr for each node whose owner, group or mode could not be set. */
export function reportAccess(io: Io, access: readonly AccessOutcome[]): void {
  for (const { file, result, error } of access)
    if (result === 'failed')
      io.err(
        `vfio-names: could not change the access of ${printable(file)}: ${printable(explainErrno(error ?? 'EIO'))}${isDenied(error) ? '; run it as root' : ''}`,
      );
}

/** The exit status: 4 if a change was not permitted, 1 if another change was not made, else 0. */
export function statusOf(
  outcomes: readonly Outcome[],
  stable: boolean,
  access: readonly AccessOutcome[] = [],
): ExitStatus {
  if (outcomes.some(({ errno }) => isDenied(errno)) || access.some(({ error }) => isDenied(error)))
    return exitStatus.notPermitted;
  return stable && [...outcomes, ...access].every(({ result }) => result === 'done')
    ? exitStatus.ok
    : exitStatus.findings;
}

function isDenied(error: string | undefined): boolean {
  return /^(EACCES|EPERM|EROFS)\b/.test(error ?? '');
}
