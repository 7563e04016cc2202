/** `doctor`: diagnoses the VFIO setup and suggests fixes; doctor/doctor.ts runs the checks. */
import { runChecks } from '../../doctor/doctor.ts';
import { type PolicyResult, takeSnapshot } from '../../doctor/gather.ts';
import type { CheckResult, Severity } from '../../doctor/result.ts';
import { exitStatus, VfioNamesError, withHint } from '../../errors.ts';
import type { Machine } from '../../links/observe.ts';
import type { System } from '../../system/system.ts';
import { plural } from '../../text/prose.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { loadPolicyMachine, loadPolicyOption } from '../context.ts';
import { type Layout, wrapAt } from '../finding-lines.ts';
import { jsonDocument } from '../json.ts';
import { formatMessage } from '../output.ts';
import { terminalColumns } from '../terminal.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const { machine, given } = await loadMachine(invocation, system);
  const lines = runChecks(await takeSnapshot(system, machine, given));
  const count = (state: Severity): number => lines.filter((line) => line.severity === state).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (invocation.json) io.out(jsonDocument({ errorCount: errors, warningCount: warnings, checks: lines }));
  else {
    const layout = { colour: invocation.colour, width: terminalColumns(io, system.process.env) };
    for (const line of lines) io.out(asText(line, layout));
    const counts = [errors && plural(errors, 'error'), warnings && plural(warnings, 'warning')].filter(
      Boolean,
    );
    io.out(counts.length === 0 ? 'no problems found\n' : `${counts.join(', ')}\n`);
  }
  return errors > 0 ? exitStatus.findings : exitStatus.ok;
};

/** The machine with its policy; if the policy is invalid, the machine without it and the error, which doctor reports as a check. */
async function loadMachine(
  invocation: Invocation,
  system: System,
): Promise<{ readonly machine: Machine; readonly given: PolicyResult }> {
  try {
    const policy = await loadPolicyOption(invocation, system);
    return { machine: await loadPolicyMachine(invocation, system), given: { policy } };
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    const machine = { files: system.files, root: invocation.root };
    return { machine, given: { policyError: withHint(error) } };
  }
}

/** The colour as a number of ECMA-48 (SGR): green, yellow, red. */
const colours = { ok: 32, warning: 33, error: 31 } as const;

/** The columns of the severity and the check, before the message. */
const indent = 18;

function asText(
  { check, severity, message, remedy, commands = [] }: CheckResult,
  { colour, width }: Layout,
): string {
  const label = severity.padEnd(7);
  const [first = '', ...rest] = [
    ...wrapAt(formatMessage(message), width, `${label}  ${check.padEnd(7)}  `),
    ...(remedy === undefined ? [] : wrapAt(formatMessage(remedy), width, `${' '.repeat(indent)}-> `)),
    // Each on one line, for copying.
    ...commands.map((command) => `${' '.repeat(indent + 3)}${command}`),
  ];
  const head = colour ? `\u001b[${colours[severity]}m${label}\u001b[39m` : label;
  return `${[head + first.slice(label.length), ...rest].join('\n')}\n`;
}
