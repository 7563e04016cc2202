/** Builds the Machine of a command: the file system, the root directory, and the links and access rules of the policy. */

import { nodePathOf } from '../devices/cdev.ts';
import { classlessHint, describeClassless, findClasslessDevices } from '../devices/not-bound.ts';
import type { Device, Problem } from '../devices/types.ts';
import { exitStatus, tryOrUndefined, VfioNamesError } from '../errors.ts';
import { policyNotes } from '../links/aliases.ts';
import { namedGroups } from '../links/group-access.ts';
import { bindMachine } from '../links/machine.ts';
import { formatSkipped, type SkippedDevice } from '../links/node-check.ts';
import type { Machine, Observation } from '../links/observe.ts';
import { nodeRemedy } from '../links/resolve.ts';
import { skippedDevices } from '../links/skipped.ts';
import { uncoveredGroupNodes } from '../links/uncovered-nodes.ts';
import { knownBuses } from '../names/scheme.ts';
import { loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import { pathBelow } from '../system/root-path.ts';
import type { System } from '../system/system.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';
import type { Invocation, Io } from './command.ts';

/** The commands that change something, or open devices, as a policy says. */
const changingCommands: ReadonlySet<string> = new Set([
  'sync',
  'watch',
  'exec',
  'probe',
  'bind',
  'rules install',
]);

/** Whether the command changes something, so that it follows only a policy that nobody but root can change. */
function changesMachine({ command, flags, values }: Invocation): boolean {
  if (command.name === 'sync' && flags['dry-run'] === true) return false;
  return changingCommands.has(command.name) || flags['fix'] === true || values['output'] !== undefined;
}

/**
 * Loads the installed policy, or the file of --policy. Throws VfioNamesError (status 2) if it is invalid, or if others can
 * change it: the installed policy for every command, the file of --policy for those that change something.
 */
export async function loadPolicyOption(invocation: Invocation, { files }: System): Promise<Policy> {
  return loadPolicy(files, invocation.root, invocation.values['policy'], changesMachine(invocation));
}

/** The machine with its policy loaded. Throws as `loadPolicyOption` does. */
export async function loadPolicyMachine(invocation: Invocation, system: System): Promise<Machine> {
  return (await loadPolicyAndMachine(invocation, system)).machine;
}

/** The machine and the policy, for what a machine does not have of it: the rules for drivers. Throws as `loadPolicyOption` does. */
export async function loadPolicyAndMachine(
  invocation: Invocation,
  system: System,
): Promise<{ readonly policy: Policy; readonly machine: Machine }> {
  const { root, ownTree } = invocation;
  const policy = await loadPolicyOption(invocation, system);
  return { policy, machine: bindMachine(system.files, root, policy, !ownTree) };
}

/** Prints one line if the policy has access rules that are not applied to the tree of --root. */
export function reportSkippedAccess(
  { access, isForeignTree, root }: Pick<Machine, 'access' | 'isForeignTree' | 'root'>,
  warn: (message: string) => void,
): void {
  const tree = printable(root);
  if (access && isForeignTree)
    warn(
      `the access rules of the policy are not applied below --root ${tree}: no owner or mode is changed there; use --host-root ${tree} if it is this machine's own tree`,
    );
}

/** Prints one line on stderr for each name of the policy that does not lead to one device; it does not change the status. */
export function reportPolicyNotes(
  io: Io,
  machine: Machine,
  observation: Pick<Observation, 'scan' | 'claims'>,
): void {
  for (const line of policyNotes(machine, observation)) io.err(`vfio-names: ${line}`);
}

export function reportProblems(io: Io, problems: readonly Problem[]): void {
  for (const problem of problems) io.err(`vfio-names: ${printable(problem.file)}: ${problem.message}`);
}

/**
 * Prints why no device is listed, one line each: they are bound to VFIO drivers of a kernel without the class vfio-dev, or no
 * device is bound. `advice` completes the latter.
 */
export function reportNoDevices(
  io: Io,
  { files, root }: Pick<Machine, 'files' | 'root'>,
  advice: string,
): void {
  const classless = findClasslessDevices(files, root);
  for (const device of classless) io.err(`vfio-names: ${describeClassless(device)}`);
  io.err(
    classless.length > 0
      ? `vfio-names: no device has a node of its own here; ${classlessHint}`
      : `vfio-names: no device is bound to a VFIO driver here; ${advice}`,
  );
}

/**
 * The bus of --bus, spelled as sysfs spells it; `undefined` without one. Throws VfioNamesError `usage` (status 2) for a
 * word that is not a bus of VFIO or of this machine.
 */
export function parseBus(
  { files, root }: Pick<Machine, 'files' | 'root'>,
  bus: string | undefined,
): string | undefined {
  if (bus === undefined) return undefined;
  const present = tryOrUndefined(() => files.readdir(pathBelow(root, '/sys/bus'))) ?? [];
  const buses = [...new Set([...knownBuses, ...present])];
  const found =
    buses.find((name) => name === bus) ?? buses.find((name) => name.toLowerCase() === bus.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(bus, knownBuses);
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected a bus after --bus, found ${printable(bus)}, which this machine does not have`,
    {
      hint:
        near === undefined ? `buses of VFIO devices are ${knownBuses.join(', ')}` : `did you mean ${near}?`,
    },
  );
}

/** `no device of the bus mdev is bound to a VFIO driver here; those that are bound are of pci`. */
export function noDeviceOnBus(bus: string, devices: readonly Device[]): string {
  const others = [...new Set(devices.map((device) => device.bus))].filter((name) => name !== bus).sort();
  const rest = others.length === 0 ? '' : `; those that are bound are of ${others.join(', ')}`;
  return printable(`no device of the bus ${bus} is bound to a VFIO driver here${rest}`);
}

/** Prints one line on stderr if users of group nodes would expect that the access rules cover these, too. */
export function reportGroupNodes(
  io: Io,
  machine: Machine,
  observation: Pick<Observation, 'scan' | 'groups' | 'claims'>,
  devices: readonly Device[] = observation.scan.devices,
): void {
  const nodes = uncoveredGroupNodes(machine, devices, namedGroups(observation));
  const [first] = nodes;
  if (first === undefined) return;
  const more = nodes.length > 1 ? ` and ${nodes.length - 1} more` : '';
  io.err(
    `vfio-names: [[access]] does not cover group nodes: ${printable(first)}${more} keeps its owner and mode; for programs that use groups, write groups = true into [names] of the policy`,
  );
}

/** How many devices the message names. */
const MAX_NAMES = 3;

/** Prints one line on stderr for all devices whose node is missing, and one for each device without a usable name. */
export function reportSkipped(io: Io, observation: Pick<Observation, 'scan' | 'missingNodes'>): void {
  const skipped = skippedDevices(observation);
  const missing = skipped.filter(({ reason }) => reason === 'node-missing');
  const rest = skipped.filter((device) => !missing.includes(device));
  const lines = [
    ...(missing.length > 1 ? [summaryLine(missing)] : missing.map(formatSkipped)),
    ...rest.map(formatSkipped),
  ];
  for (const line of lines) io.err(`vfio-names: ${line}`);
}

function summaryLine(missing: readonly SkippedDevice[]): string {
  const names = missing.map(({ name }) => printable(name));
  const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.length} devices are left out: expected their nodes in ${nodePathOf('').slice(0, -1)}, found none of ${names.slice(0, MAX_NAMES).join(', ')}${rest}; ${nodeRemedy}`;
}
