/** `holders [NAME...]`: lists the processes that have the devices open; without NAME, those of every VFIO device. */
import { boundDevices } from '../../devices/not-bound.ts';
import type { Device } from '../../devices/types.ts';
import { type ExitStatus, exitStatus, VfioNamesError, withHint } from '../../errors.ts';
import { findHolders } from '../../holders/find.ts';
import { holderCells, holderHead } from '../../holders/format.ts';
import { type DeviceTarget, targetOf, targetOfGoneDevice } from '../../holders/target.ts';
import type { HolderSearch, Incomplete } from '../../holders/types.ts';
import { observe } from '../../links/observe.ts';
import { findSelection } from '../../links/select.ts';
import { printable } from '../../text/printable.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine, reportProblems } from '../context.ts';
import { holderJson, jsonDocument } from '../json.ts';
import { formatTable } from '../table.ts';

/** Reasons why an empty result proves nothing: some or all processes could not be examined. */
const blindReasons: readonly Incomplete['limitation'][] = ['not-root', 'denied', 'hidepid', 'no-proc'];

interface Requested {
  readonly target: DeviceTarget;
  /** The operand as given, or the device's name if there are no operands. */
  readonly operand: string;
  /** The error if no present device matches the operand. */
  readonly missing?: VfioNamesError;
}

export const run: RunCommand = async (invocation, io, system): Promise<ExitStatus> => {
  const machine = await loadPolicyMachine(invocation, system);
  const { files, root } = machine;
  const observation = observe(machine);
  reportProblems(io, observation.scan.problems);
  const requestOf = (device: Device, operand = device.name): Requested => ({
    target: targetOf(files, root, device),
    operand,
  });
  const findRequested = (operand: string): readonly Requested[] => {
    try {
      const { devices, closed } = findSelection(machine, observation, operand);
      if (closed) io.err(`vfio-names: ${withHint(closed)}`);
      return devices.map((device) => requestOf(device, operand));
    } catch (error) {
      if (!(error instanceof VfioNamesError) || error.status !== exitStatus.noDevice) throw error;
      return [{ target: targetOfGoneDevice(operand), operand, missing: error }];
    }
  };
  const requested =
    invocation.operands.length === 0
      ? boundDevices(files, root, observation.scan.devices).map((device) => requestOf(device))
      : invocation.operands.flatMap(findRequested);
  const targets = requested.map(({ target }) => target);
  const search = findHolders(files, root, targets);
  for (const { missing, target } of requested)
    if (missing && !search.holders.some((holder) => holder.target === target)) throw missing;
  io.out(invocation.json ? asJson(requested, search) : asTable(requested, search));
  const isEmpty = search.holders.length === 0 && !invocation.json;
  for (const { limitation, message } of search.incomplete) {
    const unknown = limitation === 'no-proc' && isEmpty;
    const more = unknown ? `; whether one has ${namesOf(requested)} open is not known` : '';
    io.err(`vfio-names: ${message}${more}`);
  }
  const isBlind = search.incomplete.some(({ limitation }) => blindReasons.includes(limitation));
  const sawNone = search.incomplete.some(({ limitation }) => limitation === 'no-proc');
  if (isEmpty && !sawNone) io.err(`vfio-names: no process is seen that has ${namesOf(requested)} open`);
  return isBlind ? exitStatus.notPermitted : exitStatus.ok;
};

/** How many devices a line names. */
const MAX_NAMES = 4;

/** `0000:01:00.0 or 0000:01:00.1`. */
function namesOf(requested: readonly Requested[]): string {
  const names = requested.map(({ target, operand }) => printable(target.device?.name ?? operand));
  if (names.length === 0) return 'a VFIO device';
  return names.length > MAX_NAMES ? `any of ${names.length} devices` : names.join(' or ');
}

function asTable(requested: readonly Requested[], { holders }: HolderSearch): string {
  const rows = requested.flatMap(({ target, operand }) =>
    holders
      .filter((holder) => holder.target === target)
      .map((holder) => [printable(target.device?.name ?? operand), ...holderCells(holder)]),
  );
  return rows.length === 0 ? '' : formatTable(['DEVICE', ...holderHead], rows);
}

function asJson(requested: readonly Requested[], { holders, incomplete }: HolderSearch): string {
  const devices = requested.map(({ target, operand }) => ({
    requested: operand,
    ...(target.device && {
      name: target.device.name,
      bus: target.device.bus,
      node: nodeOf(target.device),
    }),
    gone: target.device === undefined,
    holders: holders.filter((holder) => holder.target === target).map(holderJson),
  }));
  return jsonDocument({ devices, incomplete });
}

/** As in the fact `node`: `vfio3`, or `undefined` for a device without a device number. */
function nodeOf(device: Device): string | undefined {
  return device.devnum === undefined ? undefined : device.sysname;
}
