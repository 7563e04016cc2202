/**
 * Reads the entries of a graph from sysfs: VFIO devices, their ancestors, and the other devices of their
 * groups.
 */

import { isNameable } from '../devices/cdev.ts';
import { readFacts } from '../devices/facts.ts';
import { deviceKey } from '../devices/groups.ts';
import { isVfioDriverName, nonBlockingDrivers } from '../devices/iommu-group.ts';
import { findClasslessDevices, readGroupNode } from '../devices/not-bound.ts';
import { sortNatural, sortPaths } from '../devices/order.ts';
import type { Device, FactName } from '../devices/types.ts';
import { ignoring } from '../errors.ts';
import type { DeviceLinks, DeviceState } from '../links/state.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName, resolvePath } from '../text/path.ts';
import type { Entry, Usage } from './model.ts';

/** Links and holders of the VFIO devices, by `vfioN`. */
interface LinksAndHolders {
  readonly links: ReadonlyMap<string, DeviceLinks>;
  readonly states: ReadonlyMap<string, DeviceState>;
  readonly holders: ReadonlyMap<string, readonly string[]>;
}

const facts: readonly FactName[] = ['driver', 'group', 'label', 'class', 'numaNode', 'mdevType', 'pf', 'vf'];

/**
 * Returns the entries sorted by path, with the ancestors of each; `all` adds every PCI device. Skips devices
 * that disappear meanwhile.
 */
export function readEntries(
  files: Files,
  root: Root,
  devices: readonly Device[],
  known: LinksAndHolders,
  all: boolean,
): readonly Entry[] {
  const vfio = new Map(devices.map((device) => [device.syspath, device]));
  const found = new Map<string, Entry>();
  const bound = new Set([...vfio.keys(), ...findClasslessDevices(files, root).map(({ syspath }) => syspath)]);
  const pending = new Set([...bound, ...(all ? linksIn(files, root, '/sys/bus/pci/devices') : [])]);
  for (const syspath of pending)
    for (const path of [...ancestorsOf(syspath), syspath]) {
      if (found.has(path)) continue;
      const entry = readEntry(files, root, path, vfio.get(path), known);
      if (!entry) continue;
      found.set(path, entry);
      if (bound.has(path)) for (const other of companionsOf(files, root, entry)) pending.add(other);
    }
  return markBlocking(sortPaths([...found.values()], ({ syspath }) => syspath));
}

/** Returns `/sys/devices/a` and `/sys/devices/a/b` for `/sys/devices/a/b/c`. */
function ancestorsOf(syspath: string): string[] {
  const parts = syspath.split('/');
  return parts.slice(4).map((_, index) => parts.slice(0, index + 4).join('/'));
}

/**
 * Returns the devices that the links in `directory` point to. `directory` must not contain links itself,
 * because `..` is resolved textually.
 */
function linksIn(files: Files, root: Root, directory: string, pattern = /./): string[] {
  const names = ignoring(() => files.readdir(pathBelow(root, directory)), 'ENOENT', 'ENOTDIR') ?? [];
  return sortNatural(names.filter((name) => pattern.test(name))).flatMap((name) => {
    const target = ignoring(
      () => files.readlink(pathBelow(root, `${directory}/${name}`)),
      'ENOENT',
      'EINVAL',
    );
    const path = target === undefined ? '' : resolvePath(directory, target);
    return path.startsWith('/sys/devices/') ? [path] : [];
  });
}

/**
 * Returns the devices to show together with a VFIO device: its group, and its physical function with all VFs.
 */
function companionsOf(files: Files, root: Root, { syspath, group, pf }: Entry): string[] {
  const beside = syspath.slice(0, syspath.lastIndexOf('/'));
  const physical = pf === undefined ? syspath : `${beside}/${pf}`;
  return [
    ...(group === undefined ? [] : linksIn(files, root, `/sys/kernel/iommu_groups/${group}/devices`)),
    ...(pf === undefined ? [] : [physical]),
    ...linksIn(files, root, physical, /^virtfn\d+$/),
  ];
}

function readEntry(
  files: Files,
  root: Root,
  syspath: string,
  device: Device | undefined,
  known: LinksAndHolders,
): Entry | undefined {
  const subsystem = ignoring(
    () => files.readlink(pathBelow(root, `${syspath}/subsystem`)),
    'ENOENT',
    'EINVAL',
  );
  if (subsystem === undefined) return undefined;
  const [bus, name] = [baseName(subsystem), baseName(syspath)];
  const { driver, group, label, numaNode, mdevType, pf, vf, ...rest } = readFacts(
    files,
    root,
    device ?? { bus, name, sysname: '', syspath },
    facts,
  );
  const isVfio = device !== undefined || isVfioDriverName(driver);
  const groupNode =
    isVfio && device?.devnum === undefined && group !== undefined
      ? readGroupNode(files, root, group)
      : undefined;
  const links = device && known.links.get(deviceKey(device));
  const state = device && known.states.get(deviceKey(device));
  const holders = device && known.holders.get(deviceKey(device));
  return {
    ...{ syspath, bus, name },
    usage: stateOf(device, driver, holders ?? [], state, groupNode),
    bridge: rest.class?.startsWith('0x0604') ?? false,
    ...(driver !== undefined && { driver }),
    ...(group !== undefined && { group }),
    ...(label !== undefined && { label }),
    ...(rest.class !== undefined && { class: rest.class }),
    ...(numaNode !== undefined && { numaNode }),
    ...(mdevType !== undefined && { mdevType }),
    ...(pf !== undefined && { pf }),
    ...(vf !== undefined && { vf }),
    ...(device?.devnum !== undefined && { node: device.sysname }),
    ...(groupNode !== undefined && { groupNode }),
    ...(links && links.links.length > 0 && { links: links.links, linksCorrect: areLinksCorrect(state) }),
    ...(holders && holders.length > 0 && { holders }),
  };
}

/** Whether verify has no finding about the links or the node of the device. */
function areLinksCorrect(state: DeviceState | undefined): boolean {
  return state === 'ok' || state === 'name-conflict' || state === 'wrong-access';
}

function stateOf(
  device: Device | undefined,
  driver: string | undefined,
  holders: readonly string[],
  state: DeviceState | undefined,
  groupNode: string | undefined,
): Usage {
  const ofGroup = groupNode !== undefined && !groupNode.includes('noiommu-') ? 'free' : 'no-node';
  // Before Linux 6.1, no device has an entry of class vfio-dev.
  if (!device) return driver === undefined ? 'idle' : isVfioDriverName(driver) ? ofGroup : 'host';
  if (holders.length > 0) return 'used';
  if (device.devnum === undefined) return ofGroup;
  return isNameable(device) && state !== 'no-node' ? 'free' : 'no-node';
}

/** Marks devices whose host driver does DMA, in groups with a VFIO device: such a group is not viable. */
function markBlocking(entries: readonly Entry[]): readonly Entry[] {
  const isVfio = (entry: Entry): boolean => ['used', 'free', 'no-node'].includes(entry.usage);
  const vfioGroups = new Set(entries.filter(isVfio).map(({ group }) => group));
  return entries.map((entry) =>
    entry.usage === 'host' &&
    entry.group !== undefined &&
    vfioGroups.has(entry.group) &&
    !nonBlockingDrivers.includes(entry.driver ?? '')
      ? { ...entry, usage: 'blocking' }
      : entry,
  );
}
