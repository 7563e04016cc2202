/** `doctor`: what this machine lacks for the names to work, and what to do. Decides nothing: doctor/examine.ts does. */
import { styleText } from 'node:util';
import { examine } from '../../doctor/examine.ts';
import { gather, type PolicyOrFault } from '../../doctor/gather.ts';
import type { Line, State } from '../../doctor/line.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import type { Machine } from '../../links/observe.ts';
import type { Invocation, Io, Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { checkJson } from '../json-words.ts';
import { filesOf, machineOf, policyOf } from '../machine.ts';
import { plural } from '../plural.ts';

export const run: Run = async (invocation, io) => {
  const { machine, given } = await machineOrFault(invocation, io);
  const lines = examine(await gather(machine, given));
  const count = (state: State): number => lines.filter((line) => line.state === state).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  if (invocation.json)
    io.out(jsonDocument({ faultCount: faults, warningCount: warnings, checks: lines.map(checkJson) }));
  else {
    for (const line of lines) io.out(asText(line, invocation.colour));
    const sum = [faults && plural(faults, 'fault'), warnings && plural(warnings, 'warning')].filter(Boolean);
    io.out(sum.length === 0 ? 'all is well\n' : `${sum.join(', ')}\n`);
  }
  return faults > 0 ? exitStatus.findings : exitStatus.fine;
};

/** A wrong policy is one of the things that doctor tells, not a reason to tell nothing. */
async function machineOrFault(
  invocation: Invocation,
  io: Io,
): Promise<{ readonly machine: Machine; readonly given: PolicyOrFault }> {
  try {
    const policy = await policyOf(invocation, io);
    return { machine: await machineOf(invocation, io), given: { policy } };
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    const machine = { files: filesOf(io), root: invocation.root };
    return { machine, given: { policyFault: error.message } };
  }
}

const colours = { ok: 'green', warning: 'yellow', fault: 'red' } as const;

function asText({ check, state, message, remedy }: Line, colour: boolean): string {
  const word = state.padEnd(7);
  const head = `${colour ? styleText(colours[state], word, { validateStream: false }) : word}  ${check.padEnd(7)}  `;
  return `${head}${message}\n${remedy === undefined ? '' : `${' '.repeat(18)}-> ${remedy}\n`}`;
}
