/** `cdi`: prints or writes a Container Device Interface specification of the devices of one bus. */

import { type CdiOptions, selectDevices } from '../../cdi/devices.ts';
import { writeSpec } from '../../cdi/file.ts';
import { cdiSpec, cdiText, type Interface, isKind } from '../../cdi/spec.ts';
import { noIsolationWarning } from '../../devices/cdev.ts';
import { isNoIommuGroup } from '../../devices/groups.ts';
import { boundDevices } from '../../devices/not-bound.ts';
import { scanDevices } from '../../devices/scan.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import { formatSkipped } from '../../links/node-check.ts';
import type { Machine } from '../../links/observe.ts';
import { baseName } from '../../text/path.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { noDeviceOnBus, parseBus, reportNoDevices, reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';

interface Options extends CdiOptions {
  readonly bus: string;
  readonly kind: string;
}

/** `--bus`, `--kind` and `--interface` with their defaults. Throws VfioNamesError `usage` (status 2) for an invalid bus or kind. */
export function parseCdiOptions(
  place: Pick<Machine, 'files' | 'root'>,
  { values, flags }: Pick<Invocation, 'values' | 'flags'>,
): Options {
  const bus = parseBus(place, values['bus']) ?? 'pci';
  const kind = values['kind'] ?? `vfio-names.dev/${bus}`;
  if (!isKind(kind))
    throw usage(
      `expected --kind to be VENDOR/CLASS, such as vfio-names.dev/pci, found ${printable(kind)}`,
      'begin both with a letter, go on with letters, digits, - and _ (and dots in VENDOR), and end with no sign',
    );
  const wanted = (values['interface'] ?? 'auto') as Interface | 'auto';
  return { bus, kind, wanted, wholeGroups: flags['whole-groups'] ?? false };
}

/** Returns `path`, the value of `option` (`--output`). Throws VfioNamesError `usage` (status 2) unless it ends in .json: container runtimes ignore other files. */
export function checkSpecPath(option: string, path: string): string {
  if (/[^/]\.json$/.test(path)) return path;
  throw usage(
    `expected ${option} to end in .json, found ${printable(path)}`,
    'container runtimes read no other file',
  );
}

function usage(message: string, hint: string): VfioNamesError {
  return new VfioNamesError('usage', exitStatus.usage, message, { hint });
}

export const run: RunCommand = async (invocation, io, system) => {
  const { files } = system;
  const { root } = invocation;
  const options = parseCdiOptions({ files, root }, invocation);
  const { bus, kind } = options;
  // Undefined means stdout.
  const output = outputOf(invocation);
  const { devices: scanned, problems } = scanDevices(files, root);
  const devices = boundDevices(files, root, scanned);
  reportProblems(io, problems);
  const choice = selectDevices(
    files,
    root,
    devices.filter((device) => device.bus === bus),
    options,
  );
  for (const device of choice.skipped) io.err(`vfio-names: ${formatSkipped(device)}`);
  for (const device of choice.devices)
    if (device.nodes.some((path) => isNoIommuGroup({ node: baseName(path) })))
      io.err(`vfio-names: ${noIsolationWarning(device)}`);
  const count = choice.devices.length;
  if (choice.skipped.length === 0 && count === 0) {
    if (devices.length > 0) io.err(`vfio-names: ${noDeviceOnBus(bus, devices)}`);
    else reportNoDevices(io, { files, root }, 'vfio-names doctor shows what is missing');
  }
  // Container runtimes reject a specification without devices.
  const annotate = invocation.flags['annotate'] ?? false;
  const document = count === 0 ? undefined : cdiSpec(kind, choice.by, choice.devices, annotate);
  const text = document && cdiText(document);
  if (output !== undefined) await system.loadExchange();
  const fileState =
    output === undefined
      ? undefined
      : writeSpec(files, output, kind, text, system.process.token(), choice.newestNode);
  const { by, skipped } = choice;
  if (invocation.json)
    io.out(jsonDocument({ bus, kind, interface: by, output, fileState, skipped, document }));
  else if (output !== undefined)
    io.out(`${fileState} ${printable(output)}: ${plural(count, 'device')}, ${by}\n`);
  else if (text !== undefined) io.out(text);
  return skipped.length + problems.length > 0 ? exitStatus.findings : exitStatus.ok;
};

function outputOf({ values: { output } }: Invocation): string | undefined {
  return output === undefined || output === '-' ? undefined : checkSpecPath('--output', output);
}
