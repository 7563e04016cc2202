/** `list`: prints one row per device. */

import { isNameable } from '../../devices/cdev.ts';
import { readFacts } from '../../devices/facts.ts';
import { deviceKey } from '../../devices/groups.ts';
import { describeClassless, findClasslessDevices } from '../../devices/not-bound.ts';
import { typedFacts } from '../../devices/typed-facts.ts';
import type { FactName, Facts, Problem } from '../../devices/types.ts';
import { exitStatus } from '../../errors.ts';
import type { Machine } from '../../links/observe.ts';
import { type DeviceLinks, type DeviceState, deviceLinks, verifiedStates } from '../../links/state.ts';
import { verify } from '../../links/verify.ts';
import { printable } from '../../text/printable.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine, noDeviceOnBus, parseBus, reportNoDevices, reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';
import { formatTable } from '../table.ts';

const short: readonly FactName[] = ['driver', 'group', 'owner', 'fileGroup', 'mode', 'label'];
/** Also read for a device that cannot have a link. */
const withoutLink: readonly FactName[] = ['node', 'noCdevReason', 'groupNode'];
const long: readonly FactName[] = ['vendor', 'device', 'class', 'numaNode', 'pf', 'vf', 'devnum'];

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const verification = verify(machine);
  const { observation } = verification;
  const states = verifiedStates(verification);
  const stateOf = ({ device }: DeviceLinks): DeviceState => states.get(deviceKey(device)) ?? 'ok';
  const bus = parseBus(machine, invocation.values['bus']);
  const selected = [...deviceLinks(observation).values()].filter(
    ({ device }) => bus === undefined || device.bus === bus,
  );
  const status = bus !== undefined && selected.length === 0 ? exitStatus.noDevice : exitStatus.ok;
  reportProblems(io, observation.scan.problems);
  if (invocation.json) {
    const devices = selected.map((entry) => ({
      ...typedFacts(readFacts(machine.files, machine.root, entry.device)),
      links: entry.links,
      state: stateOf(entry),
    }));
    io.out(
      jsonDocument({ devices, problems: [...observation.scan.problems, ...classlessProblems(machine)] }),
    );
    return status;
  }
  if (selected.length === 0) {
    if (bus === undefined || observation.scan.devices.length === 0)
      reportNoDevices(io, machine, 'vfio-names doctor shows what is missing');
    else io.err(`vfio-names: ${noDeviceOnBus(bus, observation.scan.devices)}`);
    return status;
  }
  const extraFacts = invocation.flags['long'] ? long : [];
  const extraHeads = extraFacts.map((fact) => fact.toUpperCase());
  const head = ['LINK', 'NODE', 'DRIVER', 'GROUP', 'OWNER', 'STATE', ...extraHeads, 'LABEL'];
  const rows = selected.map((entry) => cellsOf(machine, entry, stateOf(entry), extraFacts));
  io.out(formatTable(head, rows));
  return exitStatus.ok;
};

/** The devices that a kernel without the class vfio-dev does not list, as problems of the scan. */
function classlessProblems({ files, root }: Machine): Problem[] {
  return findClasslessDevices(files, root).map((device) => ({
    file: device.syspath,
    message: describeClassless(device),
  }));
}

/** The cells of a device's row. */
function cellsOf(
  { files, root }: Machine,
  { device, links }: DeviceLinks,
  state: DeviceState,
  extraFacts: readonly FactName[],
): string[] {
  const facts = readFacts(files, root, device, [
    ...short,
    ...(isNameable(device) ? [] : withoutLink),
    ...extraFacts,
  ]);
  const owner =
    facts.owner === undefined ? '' : `${facts.owner}:${facts.fileGroup ?? '?'} ${facts.mode ?? ''}`;
  const cells = [
    links[0]?.replace('/dev/vfio/', '') ?? `${device.bus}/${device.name}`,
    device.devnum === undefined ? '-' : device.sysname,
    facts.driver ?? '-',
    facts.group ?? '-',
    owner,
    stateText(facts, state),
    ...extraFacts.map((fact) => facts[fact] ?? '-'),
    facts.label ?? '',
  ];
  return cells.map(printable);
}

function stateText({ noCdevReason: reason, node, groupNode }: Facts, state: DeviceState): string {
  if (reason === undefined)
    return state === 'no-node' ? 'no node: it is not in /dev/vfio/devices' : state.replace('-', ' ');
  const other = node === undefined && groupNode !== undefined ? `; only ${groupNode}` : '';
  return `${node === undefined ? 'no node' : 'no name'}: ${reason}${other}`;
}
