/** `show`: prints all facts of one device, its links, the other devices of its IOMMU group and its holders. */

import { findWantedDevices, type WantedDevice } from '../../bind/devices.ts';
import { readDriverAliases } from '../../bind/driver-alias.ts';
import { bindExplainer } from '../../bind/explain.ts';
import { readBindOrigin } from '../../bind/origin.ts';
import { readFacts } from '../../devices/facts.ts';
import { deviceKey } from '../../devices/groups.ts';
import { readSiblings } from '../../devices/iommu-group.ts';
import { typedFacts } from '../../devices/typed-facts.ts';
import type { Device } from '../../devices/types.ts';
import { exitStatus, VfioNamesError, withHint } from '../../errors.ts';
import { findHolders } from '../../holders/find.ts';
import { targetOf } from '../../holders/target.ts';
import { findMember } from '../../links/find.ts';
import type { Machine } from '../../links/observe.ts';
import { deviceLinks, verifiedStates } from '../../links/state.ts';
import { verify } from '../../links/verify.ts';
import { deviceUnit } from '../../names/systemd-unit.ts';
import type { Files } from '../../system/files.ts';
import type { Root } from '../../system/root-path.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyAndMachine } from '../context.ts';
import { holderJson, jsonDocument } from '../json.ts';
import { showText } from '../show-text.ts';
import { terminalColumns } from '../terminal.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const { policy, machine } = await loadPolicyAndMachine(invocation, system);
  const { files, root } = machine;
  const verification = verify(machine);
  const { observation } = verification;
  const wantedDevices = findWantedDevices(files, root, policy, readDriverAliases(files, root, policy));
  const device = withPolicyHint(machine, wantedDevices, () =>
    findMember(machine, observation, invocation.operands[0] ?? ''),
  );
  const wanted = wantedDevices.find(({ syspath }) => syspath === device.syspath);
  const origin = readBindOrigin(files, root, device, wanted);
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
        boundBy: origin.boundBy,
        findings,
        units,
        siblings,
        holders: holders.map(holderJson),
        incomplete,
      }),
    );
    return exitStatus.ok;
  }
  const policyNote = wanted && wanted.state !== 'bound' ? withExplanation(files, root, wanted) : undefined;
  const width = terminalColumns(io, system.process.env);
  io.out(
    showText(
      {
        ...{ facts, links, units, state, findings, siblings, holders, boundBy: origin.text },
        ...(policyNote !== undefined && { policyNote }),
      },
      { colour: invocation.colour, width },
    ),
  );
  // The processes of an image are not expected to be seen.
  if (invocation.ownTree) for (const { message } of incomplete) io.err(`vfio-names: ${message}`);
  return exitStatus.ok;
};

function withExplanation(files: Files, root: Root, wanted: WantedDevice): string {
  const { message, remedy } = bindExplainer(files, root)(wanted);
  return withHint({ message, hint: remedy });
}

/** Calls `find`; if the device has no VFIO driver although the policy wants that, the hint says so. */
function withPolicyHint(
  { files, root }: Machine,
  wantedDevices: readonly WantedDevice[],
  find: () => Device,
): Device {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof VfioNamesError) || error.code !== 'not-bound') throw error;
    const wanted = wantedDevices.find(({ name }) => name === error.device);
    if (!wanted) throw error;
    throw new VfioNamesError(error.code, error.status, error.message, {
      hint: `the policy wants it: ${withExplanation(files, root, wanted)}`,
      device: wanted.name,
    });
  }
}
