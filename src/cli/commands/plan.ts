/** `plan`: prints the changes that sync would make, one line each. */
import { exitStatus } from '../../errors.ts';
import { observe } from '../../links/observe.ts';
import { formatChange } from '../change-line.ts';
import type { RunCommand } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { changeJson, problemJson } from '../json-words.ts';
import { missingNodeLines, reportMissingNodes } from '../left-out.ts';
import { loadPolicyMachine } from '../machine.ts';
import { reportProblems } from '../problems.ts';

export const run: RunCommand = async (invocation, io) => {
  const observation = observe(await loadPolicyMachine(invocation, io));
  const { changes, scan } = observation;
  reportProblems(io, scan.problems);
  reportMissingNodes(io, observation);
  if (invocation.json)
    io.out(
      jsonDocument({
        changes: changes.map(changeJson),
        leftOut: missingNodeLines(observation),
        problems: scan.problems.map(problemJson),
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
