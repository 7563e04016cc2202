/** `graph`: the VFIO devices, the way to each, their groups and who has them open, as a picture. */
import type { Device } from '../../devices/device.ts';
import { exitStatus } from '../../errors.ts';
import { graphDot } from '../../graph/dot.ts';
import { graphOf } from '../../graph/model.ts';
import { readEntries } from '../../graph/read.ts';
import { drawSvg } from '../../graph/svg.ts';
import { graphText } from '../../graph/text.ts';
import { findHolders } from '../../holders/find.ts';
import type { Holder, HolderSearch } from '../../holders/holder.ts';
import { type DeviceTarget, targetOf } from '../../holders/target.ts';
import { linksOf } from '../../links/links-of.ts';
import { observe } from '../../links/observe.ts';
import type { Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { entryJson, unseenJson } from '../json-words.ts';
import { machineOf } from '../machine.ts';
import { reportProblems } from '../problems.ts';

export const run: Run = async (invocation, io) => {
  const machine = await machineOf(invocation, io);
  const { files, root } = machine;
  const seen = observe(machine);
  reportProblems(io, seen.scan.problems);
  const targets = seen.scan.devices.map((device) => targetOf(files, root, device));
  const search = findHolders(files, root, targets);
  const known = { links: linksOf(seen), holders: namesOf(search) };
  const all = invocation.flags['all'] ?? false;
  const entries = readEntries(files, root, seen.scan.devices, known, all);
  if (entries.length === 0)
    io.err(
      'vfio-names: no device is bound to a VFIO driver here; graph --all shows the others, vfio-names doctor what this machine lacks',
    );
  const graph = graphOf(entries);
  const format = invocation.values['format'] ?? 'text';
  if (invocation.json) {
    const holders = holdersOf(search);
    io.out(
      jsonDocument({
        devices: entries.map((entry) => entryJson(entry, holders.get(entry.syspath) ?? [])),
        unseen: search.unseen.map(unseenJson),
      }),
    );
  } else if (format === 'dot') io.out(graphDot(graph));
  else if (format === 'svg') io.out(await drawSvg(graphDot(graph)));
  else io.out(graphText(graph));
  // Without a device of VFIO there was nobody to look for.
  if (targets.length > 0) for (const { message } of search.unseen) io.err(`vfio-names: ${message}`);
  return exitStatus.fine;
};

/** Every descriptor, by the directory of the device. */
function holdersOf({ holders }: HolderSearch<DeviceTarget>): ReadonlyMap<string, readonly Holder[]> {
  const all = new Map<string, Holder[]>();
  for (const holder of holders) {
    const { device } = holder.target;
    if (device) all.set(device.syspath, [...(all.get(device.syspath) ?? []), holder]);
  }
  return all;
}

/** `qemu-system-x86 (pid 812)` for each process that has it open, by `vfioN`. Raw. */
function namesOf({ holders }: HolderSearch<DeviceTarget>): ReadonlyMap<Device['sysname'], readonly string[]> {
  const names = new Map<string, Set<string>>();
  for (const { target, pid, command } of holders) {
    if (!target.device) continue;
    const known = names.get(target.device.sysname) ?? new Set();
    names.set(target.device.sysname, known);
    known.add(command === undefined ? `pid ${pid}` : `${command} (pid ${pid})`);
  }
  return new Map([...names].map(([sysname, set]) => [sysname, [...set]]));
}
