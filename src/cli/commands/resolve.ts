/** `resolve`: prints the verified node of one device. */

import { readFact } from '../../devices/facts.ts';
import { findByWholeName } from '../../devices/find.ts';
import { withNumbers } from '../../devices/typed-facts.ts';
import type { Device } from '../../devices/types.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import { findByNameOrPath } from '../../links/find.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { type Resolution, resolveDevice } from '../../links/resolve.ts';
import { deviceLinks } from '../../links/state.ts';
import { linkRoot, schemeLink } from '../../names/scheme.ts';
import { printable } from '../../text/printable.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';
import { jsonDocument } from '../json.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const { device, link: expectedLink } = locate(machine, invocation.operands[0] ?? '');
  const property = invocation.values['print'] ?? 'node';
  const resolution = resolveDevice(machine.files, machine.root, device);
  // Links point to the kernel's path of the node; if that was not used, the device has no link.
  const link = resolution.fallbackReason === undefined ? expectedLink : undefined;
  const group =
    invocation.json || property === 'group'
      ? readFact(machine.files, machine.root, device, 'group')
      : undefined;
  if (device.sysname.startsWith('noiommu-'))
    io.err(`vfio-names: ${printable(device.name)} has no IOMMU: its node gives no isolation`);
  if (resolution.fallbackReason !== undefined)
    io.err(`vfio-names: ${resolution.fallbackReason}; took ${resolution.nodePath} instead`);
  if (invocation.json) {
    const { nodePath, devnum, fallbackReason } = resolution;
    io.out(
      jsonDocument({
        bus: device.bus,
        name: device.name,
        node: device.sysname,
        nodePath,
        devnum,
        syspath: device.syspath,
        link,
        fallbackReason,
        ...withNumbers({ group }),
      }),
    );
    return exitStatus.ok;
  }
  io.out(`${printable(selectValue(property, resolution, link, group))}\n`);
  return exitStatus.ok;
};

function locate(machine: Machine, name: string): { device: Device; link: string | undefined } {
  const quick = findByWholeName(machine.files, machine.root, name);
  if (quick) {
    const link = schemeLink(quick);
    return { device: quick, link: link && `${linkRoot}/${link}` };
  }
  const observation = observe(machine);
  const device = findByNameOrPath(machine, observation, name);
  return { device, link: deviceLinks(observation).get(device.sysname)?.links[0] };
}

function selectValue(
  property: string,
  { nodePath: node, devnum, device }: Resolution,
  link: string | undefined,
  group: string | undefined,
): string {
  const value = { node, name: device.name, devnum, syspath: device.syspath, link, group }[property];
  if (value !== undefined) return value;
  throw new VfioNamesError(
    `no-${property}`,
    exitStatus.unsupported,
    `expected a ${property} of ${printable(device.name)}, found none`,
    { hint: `vfio-names show ${printable(device.name)} tells what there is`, device: device.name },
  );
}
