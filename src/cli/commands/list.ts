/** `list`: prints one row per device. */
import { noCdevReason } from '../../devices/cdev.ts';
import { readFacts } from '../../devices/facts.ts';
import type { Device, FactName } from '../../devices/types.ts';
import { exitStatus } from '../../errors.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { type DeviceLinks, deviceLinks } from '../../links/state.ts';
import { printable } from '../../text/printable.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine, reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';
import { formatTable } from '../table.ts';

const short: readonly FactName[] = ['driver', 'group', 'owner', 'fileGroup', 'mode', 'label'];
const long: readonly FactName[] = ['vendor', 'device', 'class', 'numaNode', 'pf', 'vf', 'devnum'];

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const observation = observe(machine);
  const bus = invocation.values['bus'];
  const selected = [...deviceLinks(observation).values()].filter(
    ({ device }) => bus === undefined || device.bus === bus,
  );
  reportProblems(io, observation.scan.problems);
  if (invocation.json) {
    const devices = selected.map(({ device, links, state }) => ({
      ...readFacts(machine.files, machine.root, device),
      links,
      state,
    }));
    io.out(jsonDocument({ devices, problems: observation.scan.problems }));
    return exitStatus.ok;
  }
  if (selected.length === 0) {
    io.err(
      `vfio-names: no device ${bus === undefined ? '' : `of the bus ${printable(bus)} `}is bound to a VFIO driver here; vfio-names doctor tells what this machine lacks`,
    );
    return exitStatus.ok;
  }
  const extraFacts = invocation.flags['long'] ? long : [];
  const extraHeads = extraFacts.map((fact) => fact.toUpperCase());
  const head = ['LINK', 'NODE', 'DRIVER', 'GROUP', 'OWNER', 'STATE', ...extraHeads, 'LABEL'];
  const rows = selected.map((entry) => cellsOf(machine, entry, extraFacts));
  io.out(formatTable(head, rows));
  return exitStatus.ok;
};

/** The cells of a device's row. */
function cellsOf(
  { files, root }: Machine,
  { device, links, state }: DeviceLinks,
  extraFacts: readonly FactName[],
): string[] {
  const facts = readFacts(files, root, device, [...short, ...extraFacts]);
  const owner =
    facts.owner === undefined ? '' : `${facts.owner}:${facts.fileGroup ?? '?'} ${facts.mode ?? ''}`;
  const cells = [
    links[0]?.replace('/dev/vfio/', '') ?? `${device.bus}/${device.name}`,
    device.devnum === undefined ? '-' : device.sysname,
    facts.driver ?? '-',
    facts.group ?? '-',
    owner,
    stateText(device, state),
    ...extraFacts.map((fact) => facts[fact] ?? '-'),
    facts.label ?? '',
  ];
  return cells.map(printable);
}

function stateText(device: Device, state: string): string {
  return state === 'no-node' ? `no node: ${noCdevReason(device) ?? 'it is not in /dev/vfio/devices'}` : state;
}
