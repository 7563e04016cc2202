/** `plan`: prints the changes that sync would make and the conflicts that it would report, one line each. */
import { readAccountNames } from '../../devices/accounts.ts';
import { exitStatus } from '../../errors.ts';
import { planAccess } from '../../links/access.ts';
import { namedGroups } from '../../links/group-access.ts';
import { observe } from '../../links/observe.ts';
import { areDevicesSkipped, skippedDevices } from '../../links/skipped.ts';
import type { RunCommand } from '../command.ts';
import {
  loadPolicyMachine,
  reportGroupNodes,
  reportProblems,
  reportSkipped,
  reportSkippedAccess,
} from '../context.ts';
import { wrapAt } from '../finding-lines.ts';
import { accessChangeJson, changeJson, conflictJson, jsonDocument } from '../json.ts';
import { formatAccess, formatChange, formatConflict } from '../output.ts';
import { terminalColumns } from '../terminal.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const observation = observe(machine);
  const { changes, scan } = observation;
  const { conflicts } = observation.assignment;
  const access = machine.isForeignTree ? [] : planAccess(machine, scan.devices, namedGroups(observation));
  reportSkippedAccess(machine, (message) => io.err(`vfio-names: ${message}`));
  reportProblems(io, scan.problems);
  reportSkipped(io, observation);
  reportGroupNodes(io, machine, observation);
  const isPending =
    changes.some(({ action }) => action !== 'blocked') || access.some(({ to }) => to !== undefined);
  const isBlocked =
    changes.some(({ action }) => action === 'blocked') ||
    access.some(({ to }) => to === undefined) ||
    conflicts.length > 0 ||
    areDevicesSkipped(observation);
  if (invocation.json)
    io.out(
      jsonDocument({
        changed: isPending,
        changes: changes.map(changeJson),
        access: access.map(accessChangeJson),
        conflicts: conflicts.map(conflictJson),
        skipped: skippedDevices(observation),
        problems: scan.problems,
      }),
    );
  else {
    const lines = [
      ...changes.map(formatChange),
      ...access.map((change) => formatAccess(change, readAccountNames(machine.files, machine.root))),
      ...conflicts.flatMap(formatConflict),
    ].flatMap((line) => wrapAt(line, terminalColumns(io, system.process.env)));
    io.out(lines.length > 0 ? lines.map((line) => `${line}\n`).join('') : 'nothing to change\n');
  }
  if (isBlocked) return exitStatus.findings;
  return isPending ? exitStatus.changes : exitStatus.ok;
};
