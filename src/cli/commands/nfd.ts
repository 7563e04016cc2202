/** `nfd`: prints or writes a features file for Node Feature Discovery. */
import { boundDevices } from '../../devices/not-bound.ts';
import { scanDevices } from '../../devices/scan.ts';
import { exitStatus } from '../../errors.ts';
import { checkFeaturesPath, readFeatures, writeFeatures } from '../../nfd/file.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const output = outputOf(invocation);
  const files = system.files;
  const { devices: scanned, problems } = scanDevices(files, invocation.root);
  const devices = boundDevices(files, invocation.root, scanned);
  reportProblems(io, problems);
  const text = readFeatures(files, invocation.root, devices);
  if (output !== undefined) await system.loadExchange();
  const fileState =
    output === undefined ? undefined : writeFeatures(files, output, text, system.process.token());
  if (invocation.json) io.out(jsonDocument({ features: featuresOf(text), output, fileState }));
  else if (output === undefined) io.out(text);
  else io.out(`${fileState} ${printable(output)}: ${plural(devices.length, 'device')}\n`);
  return exitStatus.ok;
};

/** The features as an object, for --json. */
function featuresOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split('=', 2)));
}

/** The file of --output; `undefined` means stdout. Throws as checkFeaturesPath() does. */
function outputOf({ values: { output } }: Invocation): string | undefined {
  return output === undefined || output === '-' ? undefined : checkFeaturesPath('--output', output);
}
