/** `plan`: prints the changes that sync would make, one line each. */
import { exitStatus } from '../../errors.ts';
import { observe } from '../../links/observe.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine, reportMissingNodes, reportProblems, skippedDevices } from '../context.ts';
import { changeJson, jsonDocument } from '../json.ts';
import { formatChange } from '../output.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const observation = observe(await loadPolicyMachine(invocation, system));
  const { changes, scan } = observation;
  reportProblems(io, scan.problems);
  reportMissingNodes(io, observation);
  if (invocation.json)
    io.out(
      jsonDocument({
        changes: changes.map(changeJson),
        skipped: skippedDevices(observation),
        problems: scan.problems,
      }),
    );
  else
    io.out(
      changes.length > 0
        ? changes.map((change) => `${formatChange(change)}\n`).join('')
        : 'nothing to change\n',
    );
  return changes.length > 0 ? exitStatus.findings : exitStatus.ok;
};
