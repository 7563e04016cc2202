/** `plan`: prints the changes that sync would make, one line each. */
import { exitStatus } from '../../errors.ts';
import { observe } from '../../links/observe.ts';
import { changeLine } from '../change-line.ts';
import type { Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { changeJson, problemJson } from '../json-words.ts';
import { leftOutLines, reportLeftOut } from '../left-out.ts';
import { machineOf } from '../machine.ts';
import { reportProblems } from '../problems.ts';

export const run: Run = async (invocation, io) => {
  const observation = observe(await machineOf(invocation, io));
  const { changes, scan } = observation;
  reportProblems(io, scan.problems);
  reportLeftOut(io, observation);
  if (invocation.json)
    io.out(
      jsonDocument({
        changes: changes.map(changeJson),
        leftOut: leftOutLines(observation),
        problems: scan.problems.map(problemJson),
      }),
    );
  else
    io.out(
      changes.length > 0
        ? changes.map((change) => `${changeLine(change)}\n`).join('')
        : 'nothing to change\n',
    );
  return changes.length > 0 ? exitStatus.findings : exitStatus.fine;
};
