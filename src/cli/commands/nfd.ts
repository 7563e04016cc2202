/** `nfd`: prints or writes a features file for Node Feature Discovery. */
import { availableInterface, hasIommufd } from '../../cdi/interface.ts';
import { readFacts } from '../../devices/facts.ts';
import { scanDevices } from '../../devices/scan.ts';
import type { Device } from '../../devices/types.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import { isOwnFeaturesFile, type NfdNode, nfdFeatures } from '../../nfd.ts';
import type { Files } from '../../system/files.ts';
import { writeGenerated } from '../../system/generated-file.ts';
import type { Root } from '../../system/root-path.ts';
import { baseName } from '../../text/path.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const output = outputOf(invocation);
  const files = system.files;
  const { devices, problems } = scanDevices(files, invocation.root);
  reportProblems(io, problems);
  const node = nodeOf(files, invocation.root, devices);
  const text = nfdFeatures(node);
  if (output !== undefined) await system.loadExchange();
  const file = {
    path: output ?? '',
    description: 'features file',
    expected: 'a features file of vfio-names',
    isGenerated: isOwnFeaturesFile,
  };
  const fileState =
    output === undefined ? undefined : writeGenerated(files, file, text, system.process.token());
  if (invocation.json) io.out(jsonDocument({ features: featuresOf(text), output, fileState }));
  else if (output === undefined) io.out(text);
  else io.out(`${fileState} ${printable(output)}: ${plural(devices.length, 'device')}\n`);
  return exitStatus.ok;
};

function nodeOf(files: Files, root: Root, devices: readonly Device[]): NfdNode {
  return {
    iommufd: hasIommufd(files, root),
    interface: devices.length === 0 ? undefined : availableInterface(files, root, devices),
    devices: devices.map((device) => readFacts(files, root, device, ['vendor', 'class', 'mdevType'])),
  };
}

/** The features as an object, for --json. */
function featuresOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split('=', 2)));
}

/** The file of --output; `undefined` means stdout. Throws VfioNamesError `usage` (status 2) for a hidden file, which Node Feature Discovery ignores. */
function outputOf({ values: { output } }: Invocation): string | undefined {
  if (output === undefined || output === '-') return undefined;
  const name = baseName(output);
  if (name !== '' && !name.startsWith('.') && !output.endsWith('/')) return output;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected --output to be a file whose name begins with no dot, found ${printable(output)}`,
    { hint: 'Node Feature Discovery reads no other' },
  );
}
