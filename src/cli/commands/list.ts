/** `list`: one row a device. */
import type { Device, FactName } from '../../devices/device.ts';
import { readFacts } from '../../devices/facts.ts';
import { whyNoCdev } from '../../devices/no-cdev.ts';
import { exitStatus } from '../../errors.ts';
import { linksOf } from '../../links/links-of.ts';
import { observe } from '../../links/observe.ts';
import { printable } from '../../text/printable.ts';
import type { Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { machineOf } from '../machine.ts';
import { reportProblems } from '../problems.ts';
import { table } from '../table.ts';

const short: readonly FactName[] = ['driver', 'group', 'owner', 'fileGroup', 'mode', 'label'];
const long: readonly FactName[] = ['vendor', 'device', 'class', 'numaNode', 'pf', 'vf', 'devnum'];

export const run: Run = async (invocation, io) => {
  const machine = await machineOf(invocation, io);
  const seen = observe(machine);
  const links = linksOf(seen);
  const bus = invocation.values['bus'];
  const devices = seen.scan.devices.filter((device) => bus === undefined || device.bus === bus);
  reportProblems(io, seen.scan.problems);
  if (invocation.json) {
    io.out(
      jsonDocument({
        devices: devices.map((device) => ({
          ...readFacts(machine.files, machine.root, device),
          ...links.get(device.sysname),
        })),
        problems: seen.scan.problems,
      }),
    );
    return exitStatus.fine;
  }
  const more = invocation.flags['long'] ? long : [];
  const rows = devices.map((device) => {
    const facts = readFacts(machine.files, machine.root, device, [...short, ...more]);
    const known = links.get(device.sysname);
    const owner =
      facts.owner === undefined ? '' : `${facts.owner}:${facts.fileGroup ?? '?'} ${facts.mode ?? ''}`;
    const cells = [
      known?.links[0]?.replace('/dev/vfio/', '') ?? `${device.bus}/${device.name}`,
      device.devnum === undefined ? '-' : device.sysname,
      facts.driver ?? '-',
      facts.group ?? '-',
      owner,
      stateText(device, known?.state ?? 'no-name'),
      ...more.map((fact) => facts[fact] ?? '-'),
      facts.label ?? '',
    ];
    return cells.map(printable);
  });
  if (rows.length > 0)
    io.out(
      table(
        [
          'LINK',
          'NODE',
          'DRIVER',
          'GROUP',
          'OWNER',
          'STATE',
          ...more.map((fact) => fact.toUpperCase()),
          'LABEL',
        ],
        rows,
      ),
    );
  else
    io.err(
      `vfio-names: no device ${bus === undefined ? '' : `of the bus ${printable(bus)} `}is bound to a VFIO driver here; vfio-names doctor tells what this machine lacks`,
    );
  return exitStatus.fine;
};

function stateText(device: Device, state: string): string {
  return state === 'no-node' ? `no node: ${whyNoCdev(device) ?? ''}` : state;
}
