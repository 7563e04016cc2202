/** `resolve`: prints the verified node of one device, or of all devices of a group. */

import { noIsolationWarning } from '../../devices/cdev.ts';
import { readFact } from '../../devices/facts.ts';
import { findOneDevice } from '../../devices/find-one.ts';
import { deviceKey, isNoIommuGroup } from '../../devices/groups.ts';
import { withNumbers } from '../../devices/typed-facts.ts';
import type { Device } from '../../devices/types.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import { findByNameOrPath, isWholeGroup } from '../../links/find.ts';
import { findAnyDevice } from '../../links/find-any.ts';
import { type Machine, type Observation, observe } from '../../links/observe.ts';
import { resolveDevice } from '../../links/resolve.ts';
import { resolveGroup } from '../../links/resolve-group.ts';
import { findSelection } from '../../links/select.ts';
import { deviceLinks } from '../../links/state.ts';
import { groupDirectory, linkRoot, schemeLink } from '../../names/scheme.ts';
import { printable } from '../../text/printable.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';
import { jsonDocument } from '../json.ts';

type Interface = 'cdev' | 'group';

/** What is printed of one device. */
interface Resolved {
  readonly device: Device;
  readonly nodePath: string;
  readonly devnum: string;
  readonly link?: string | undefined;
  /** The number of its IOMMU group. */
  readonly group?: string | undefined;
  readonly fallbackReason?: string;
  readonly isolated: boolean;
}

/** The values that are the same for all devices of a group if its node is used. */
const groupValues = ['node', 'devnum', 'group'];

/** The values that do not depend on how the device is opened. */
const deviceValues = ['name', 'syspath', 'group'];

export const run: RunCommand = async (invocation, io, system) => {
  const machine = await loadPolicyMachine(invocation, system);
  const [name = ''] = invocation.operands;
  const property = invocation.values['print'] ?? 'node';
  if (invocation.flags['any-driver']) {
    checkAnyDriver(invocation);
    const device = findAnyDevice(machine, observe(machine), name);
    const group = readFact(machine.files, machine.root, device, 'group');
    io.out(
      `${printable(selectValue(property, { device, nodePath: '', devnum: '', group, isolated: true }))}\n`,
    );
    return exitStatus.ok;
  }
  const wanted = invocation.values['interface'] ?? (deviceValues.includes(property) ? 'auto' : 'cdev');
  const { devices, observation } = advisingAnyDriver(property, () =>
    locate(machine, name, (found) => {
      const isShared = chooseInterface(wanted, found) === 'group' && groupValues.includes(property);
      return isShared || isWholeGroup(name);
    }),
  );
  const by = chooseInterface(wanted, devices);
  const needsLink = invocation.json || property === 'link';
  const resolved = devices.map((device) =>
    by === 'group'
      ? resolveByGroup(machine, device, needsLink ? (observation ?? observe(machine)) : undefined)
      : resolveByNode(machine, device, observation, invocation.json || property === 'group'),
  );
  for (const { device, isolated, fallbackReason, nodePath } of resolved) {
    if (!isolated) io.err(`vfio-names: ${noIsolationWarning(device)}`);
    if (fallbackReason !== undefined) io.err(`vfio-names: ${fallbackReason}; took ${nodePath} instead`);
  }
  if (invocation.json) {
    const [first, ...others] = resolved.map((each) => resolvedJson(each, by));
    const members = isWholeGroup(name) || others.length > 0 ? [first, ...others] : undefined;
    io.out(jsonDocument({ ...first, members }));
  } else {
    const values = resolved.map((each) => selectValue(property, each));
    for (const value of new Set(values)) io.out(`${printable(value)}\n`);
  }
  return exitStatus.ok;
};

/** Adds --any-driver to the hint for a device that is not bound to a VFIO driver, where the property does not depend on that. */
function advisingAnyDriver<T>(property: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof VfioNamesError) || error.code !== 'not-bound' || !deviceValues.includes(property))
      throw error;
    const { code, status, message, hint, device } = error;
    const advice = `add --any-driver to print its ${property} all the same`;
    throw new VfioNamesError(code, status, message, {
      hint: hint === undefined ? advice : `${hint}, or ${advice}`,
      ...(device !== undefined && { device }),
    });
  }
}

/** Throws VfioNamesError `usage` (status 2) if --any-driver is given for something that depends on a node. */
function checkAnyDriver({ json, values }: Pick<Invocation, 'json' | 'values'>): void {
  const { print = 'node', interface: by } = values;
  const found = json ? '--json' : by !== undefined ? `--interface ${by}` : `--print ${print}`;
  if (!json && by === undefined && deviceValues.includes(print)) return;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected --any-driver with --print name, syspath or group alone, found ${found}`,
    { hint: 'see vfio-names resolve --help' },
  );
}

/** `auto`: the nodes of devices, if each device has one. */
function chooseInterface(wanted: string, devices: readonly Device[]): Interface {
  if (wanted !== 'auto') return wanted as Interface;
  return devices.every(({ devnum }) => devnum !== undefined) ? 'cdev' : 'group';
}

/**
 * Returns the device of `name`, or, if `takesAll` says so, all devices of the group that it means. The observation is absent
 * if it was not needed.
 */
function locate(
  machine: Machine,
  name: string,
  takesAll: (found: readonly Device[]) => boolean,
): { readonly devices: readonly Device[]; readonly observation?: Observation } {
  const quick = findOneDevice(machine.files, machine.root, name);
  if (quick) return { devices: [quick] };
  const observation = observe(machine);
  const { devices, group, closed } = findSelection(machine, observation, name);
  if (closed && isWholeGroup(name)) throw closed;
  if (group && !takesAll(devices))
    return { devices: [findByNameOrPath(machine, observation, name)], observation };
  return { devices, observation };
}

/** Throws the errors of resolveDevice. */
function resolveByNode(
  { files, root }: Machine,
  device: Device,
  observation: Observation | undefined,
  needsGroup: boolean,
): Resolved {
  const { nodePath, devnum, fallbackReason } = resolveDevice(files, root, device);
  return {
    ...{ device, nodePath, devnum },
    // Links point to the kernel's path of the node; if that was not used, the device has no link.
    link: fallbackReason === undefined ? linkOf(device, observation) : undefined,
    group: needsGroup ? readFact(files, root, device, 'group') : undefined,
    ...(fallbackReason !== undefined && { fallbackReason }),
    isolated: !device.sysname.startsWith('noiommu-'),
  };
}

function linkOf(device: Device, observation: Observation | undefined): string | undefined {
  if (observation) return deviceLinks(observation).get(device.sysname)?.links[0];
  const link = schemeLink(device);
  return link && `${linkRoot}/${link}`;
}

/** Without the observation, the link is not looked up: whether groups have names depends on the other devices. */
function resolveByGroup(
  { files, root }: Machine,
  device: Device,
  observation: Observation | undefined,
): Resolved {
  const { group, nodePath, devnum } = resolveGroup(files, root, device);
  const links = (observation && deviceLinks(observation).get(deviceKey(device))?.links) ?? [];
  const link = links.find((path) => path.startsWith(`${linkRoot}/${groupDirectory}/`));
  return { device, nodePath, devnum, link, group: group.number, isolated: !isNoIommuGroup(group) };
}

function resolvedJson(
  { device, nodePath, devnum, link, group, fallbackReason }: Resolved,
  by: Interface,
): Record<string, unknown> {
  return {
    ...{ bus: device.bus, name: device.name, interface: by },
    node: device.devnum === undefined ? undefined : device.sysname,
    ...{ nodePath, devnum, syspath: device.syspath, link, fallbackReason, ...withNumbers({ group }) },
  };
}

function selectValue(property: string, { nodePath: node, devnum, device, link, group }: Resolved): string {
  const value = { node, name: device.name, devnum, syspath: device.syspath, link, group }[property];
  if (value !== undefined) return value;
  throw new VfioNamesError(
    `no-${property}`,
    exitStatus.unsupported,
    `expected a ${property} of ${printable(device.name)}, found none`,
    { hint: `vfio-names show ${printable(device.name)} shows what exists`, device: device.name },
  );
}
