/** `cdi`: prints or writes a Container Device Interface specification of the devices of one bus. */
import { scanDevices } from '../../devices/scan.ts';
import { exitStatus } from '../../errors.ts';
import { selectDevices } from '../../integrations/cdi-devices.ts';
import { writeSpec } from '../../integrations/cdi-file.ts';
import { cdiSpec, cdiText } from '../../integrations/cdi-spec.ts';
import { printable } from '../../text/printable.ts';
import { checkSpecPath, parseCdiOptions } from '../cdi-options.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { filesOf } from '../machine.ts';
import { plural } from '../plural.ts';
import { reportProblems } from '../problems.ts';
import { runToken } from '../run-token.ts';

export const run: RunCommand = (invocation, io) => {
  const { bus, kind, wanted } = parseCdiOptions(invocation.values);
  // Undefined means stdout.
  const output = outputOf(invocation);
  const files = filesOf(io);
  const { devices, problems } = scanDevices(files, invocation.root);
  reportProblems(io, problems);
  const choice = selectDevices(
    files,
    invocation.root,
    devices.filter((device) => device.bus === bus),
    wanted,
  );
  for (const line of choice.skipped) io.err(`vfio-names: ${line}`);
  const count = choice.devices.length;
  if (count === 0) io.err(`vfio-names: no device of the bus ${printable(bus)} for a CDI specification`);
  // Container runtimes reject a specification without devices.
  const annotate = invocation.flags['annotate'] ?? false;
  const document = count === 0 ? undefined : cdiSpec(kind, choice.by, choice.devices, annotate);
  const text = document && cdiText(document);
  const done = output === undefined ? undefined : writeSpec(files, output, kind, text, runToken());
  const { by, skipped } = choice;
  if (invocation.json)
    io.out(jsonDocument({ bus, kind, interface: by, output, done, leftOut: skipped, document }));
  else if (output !== undefined) io.out(`${done} ${printable(output)}: ${plural(count, 'device')}, ${by}\n`);
  else if (text !== undefined) io.out(text);
  return skipped.length > 0 ? exitStatus.findings : exitStatus.ok;
};

function outputOf({ values: { output } }: Invocation): string | undefined {
  return output === undefined || output === '-' ? undefined : checkSpecPath('--output', output);
}
