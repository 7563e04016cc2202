/** `show`: prints all facts of one device, its links, the other devices of its IOMMU group and its holders. */
import { readFacts } from '../../devices/facts.ts';
import { readSiblings, type Sibling } from '../../devices/iommu-group.ts';
import { exitStatus } from '../../errors.ts';
import { findHolders } from '../../holders/find.ts';
import { holderLine } from '../../holders/format.ts';
import { targetOf } from '../../holders/target.ts';
import { findByNameOrPath } from '../../links/find.ts';
import { observe } from '../../links/observe.ts';
import { deviceLinks } from '../../links/state.ts';
import { deviceUnit } from '../../names/systemd-unit.ts';
import { printable } from '../../text/printable.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';
import { holderJson, jsonDocument } from '../json.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const { files, root } = machine;
  const observation = observe(machine);
  const device = findByNameOrPath(machine, observation, invocation.operands[0] ?? '');
  const facts = readFacts(files, root, device);
  const { links = [], state = 'no-name' } = deviceLinks(observation).get(device.sysname) ?? {};
  const units = links.flatMap((link) => deviceUnit(link) ?? []);
  const siblings = readSiblings(files, root, device);
  const { holders, incomplete } = findHolders(files, root, [targetOf(files, root, device)]);
  if (invocation.json) {
    io.out(
      jsonDocument({
        ...facts,
        links,
        state,
        units,
        siblings,
        holders: holders.map(holderJson),
        incomplete,
      }),
    );
    return exitStatus.ok;
  }
  const lines: (readonly [string, string])[] = [
    ...Object.entries(facts),
    ...links.map((link) => ['link', link] as const),
    ...units.map((unit) => ['unit', unit] as const),
    ['state', state],
    ...siblings.map((sibling) => ['sibling', siblingText(sibling)] as const),
    ...holders.map((holder) => ['holder', holderLine(holder)] as const),
  ];
  const width = Math.max(...lines.map(([key]) => key.length));
  for (const [key, value] of lines) io.out(`${key.padEnd(width)}  ${printable(value)}\n`);
  for (const { message } of incomplete) io.err(`vfio-names: ${message}`);
  return exitStatus.ok;
};

function siblingText({ bus, name, driver, sharing }: Sibling): string {
  const descriptions = {
    vfio: 'bound to VFIO too',
    compatible: 'leaves the group to VFIO',
    blocking: 'in the way: the group is not viable',
  };
  return `${bus}/${name} (${driver ?? 'no driver'}): ${descriptions[sharing]}`;
}
