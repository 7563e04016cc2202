/** `show`: prints all facts of one device, its links, the other devices of its IOMMU group and its holders. */

import { readFacts } from '../../devices/facts.ts';
import { deviceKey } from '../../devices/groups.ts';
import { readSiblings, type Sibling } from '../../devices/iommu-group.ts';
import { typedFacts } from '../../devices/typed-facts.ts';
import { exitStatus, withHint } from '../../errors.ts';
import { findHolders } from '../../holders/find.ts';
import { holderLine } from '../../holders/format.ts';
import { targetOf } from '../../holders/target.ts';
import { findByNameOrPath } from '../../links/find.ts';
import { deviceLinks, verifiedStates } from '../../links/state.ts';
import { verify } from '../../links/verify.ts';
import { deviceUnit } from '../../names/systemd-unit.ts';
import { printable } from '../../text/printable.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';
import { holderJson, jsonDocument } from '../json.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const { files, root } = machine;
  const verification = verify(machine);
  const { observation } = verification;
  const device = findByNameOrPath(machine, observation, invocation.operands[0] ?? '');
  const facts = readFacts(files, root, device);
  const { links = [] } = deviceLinks(observation).get(deviceKey(device)) ?? {};
  const state = verifiedStates(verification).get(deviceKey(device)) ?? 'ok';
  const findings = verification.findings.filter(
    ({ bus, name }) => bus === device.bus && name === device.name,
  );
  const units = links.flatMap((link) => deviceUnit(link) ?? []);
  const siblings = readSiblings(files, root, device);
  const { holders, incomplete } = findHolders(files, root, [targetOf(files, root, device)]);
  if (invocation.json) {
    io.out(
      jsonDocument({
        ...typedFacts(facts),
        links,
        state,
        findings,
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
    ['state', state.replace('-', ' ')],
    ...findings.map(({ message, remedy }) => ['finding', withHint({ message, hint: remedy })] as const),
    ...siblings.map((sibling) => ['sibling', siblingText(sibling)] as const),
    ...holders.map((holder) => ['holder', holderLine(holder)] as const),
  ];
  const width = lines.reduce((widest, [key]) => Math.max(widest, key.length), 0);
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
