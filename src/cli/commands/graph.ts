/** `graph`: draws the VFIO devices with their bridges, IOMMU groups, links and holders. */
import { deviceKey } from '../../devices/groups.ts';
import { withNumbers } from '../../devices/typed-facts.ts';
import type { Device } from '../../devices/types.ts';
import { exitStatus } from '../../errors.ts';
import { formatDot } from '../../graph/dot.ts';
import { buildGraph } from '../../graph/model.ts';
import { readEntries } from '../../graph/read.ts';
import { renderSvg } from '../../graph/svg.ts';
import { formatText } from '../../graph/text.ts';
import { drawingTime, graphTitle } from '../../graph/title.ts';
import { findHolders } from '../../holders/find.ts';
import { type DeviceTarget, targetOf } from '../../holders/target.ts';
import type { Holder, HolderSearch } from '../../holders/types.ts';
import { deviceLinks, verifiedStates } from '../../links/state.ts';
import { verify } from '../../links/verify.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine, reportNoDevices, reportProblems } from '../context.ts';
import { holderJson, jsonDocument } from '../json.ts';
import { terminalColumns } from '../terminal.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const { files, root } = machine;
  const verification = verify(machine);
  const { observation } = verification;
  reportProblems(io, observation.scan.problems);
  const targets = observation.scan.devices.map((device) => targetOf(files, root, device));
  const search = findHolders(files, root, targets);
  const known = {
    links: deviceLinks(observation),
    states: verifiedStates(verification),
    holders: holderNames(search),
  };
  const all = invocation.flags['all'] ?? false;
  const entries = readEntries(files, root, observation.scan.devices, known, all);
  if (entries.length === 0)
    reportNoDevices(io, machine, 'graph --all shows other devices, and vfio-names doctor what is missing');
  const graph = buildGraph(entries);
  const format = invocation.values['format'] ?? 'text';
  const title = graphTitle(files, root, drawingTime(system.process.env, system.clock.date()));
  if (invocation.json) {
    const holders = holdersBySyspath(search);
    io.out(
      jsonDocument({
        devices: entries.map((entry) => ({
          ...withNumbers(entry),
          holders: holders.get(entry.syspath)?.map(holderJson),
        })),
        incomplete: search.incomplete,
      }),
    );
  } else if (format === 'dot') io.out(formatDot(graph, title));
  else if (format === 'svg') io.out(await renderSvg(graph, title));
  else io.out(formatText(graph, terminalColumns(io, system.process.env)));
  // Without VFIO devices, holders that cannot be seen do not matter; an image has no processes.
  if (targets.length > 0 && invocation.ownTree)
    for (const { message } of search.incomplete) io.err(`vfio-names: ${message}`);
  return exitStatus.ok;
};

/** All holders by the device's sysfs directory. */
function holdersBySyspath({ holders }: HolderSearch<DeviceTarget>): ReadonlyMap<string, readonly Holder[]> {
  const all = new Map<string, Holder[]>();
  for (const holder of holders) {
    const { device } = holder.target;
    if (device) all.set(device.syspath, [...(all.get(device.syspath) ?? []), holder]);
  }
  return all;
}

/** `qemu-system-x86 (pid 812)` for each process that has a device open, by `vfioN`. Not escaped. */
function holderNames({
  holders,
}: HolderSearch<DeviceTarget>): ReadonlyMap<Device['sysname'], readonly string[]> {
  const names = new Map<string, Set<string>>();
  for (const { target, pid, command } of holders) {
    if (!target.device) continue;
    const deviceNames = names.get(deviceKey(target.device)) ?? new Set();
    names.set(deviceKey(target.device), deviceNames);
    deviceNames.add(command === undefined ? `pid ${pid}` : `${command} (pid ${pid})`);
  }
  return new Map([...names].map(([sysname, set]) => [sysname, [...set]]));
}
