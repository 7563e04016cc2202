/** `holders [NAME...]`: which processes have a device open; without a name, any VFIO device. Knows nothing of how they are found. */
import type { Device } from '../../devices/device.ts';
import { type ExitStatus, exitStatus, VfioNamesError } from '../../errors.ts';
import { holderCells, holderHead } from '../../holders/describe.ts';
import { findHolders } from '../../holders/find.ts';
import type { HolderSearch, Unseen } from '../../holders/holder.ts';
import { type DeviceTarget, goneTarget, targetOf } from '../../holders/target.ts';
import { findNamed } from '../../links/find-named.ts';
import { observe } from '../../links/observe.ts';
import { printable } from '../../text/printable.ts';
import type { Run } from '../command.ts';
import { jsonDocument } from '../json.ts';
import { holderJson, unseenJson } from '../json-words.ts';
import { machineOf } from '../machine.ts';
import { reportProblems } from '../problems.ts';
import { table } from '../table.ts';

/** Why the answer may be wrong, and another user could do better; the other reasons lie in the machine. */
const refusals: readonly Unseen['reason'][] = ['not-root', 'refused', 'hidepid'];

interface Asked {
  readonly target: DeviceTarget;
  /** What the person called it. */
  readonly word: string;
  /** Why the word is no device of this moment. */
  readonly missing?: VfioNamesError;
}

export const run: Run = async (invocation, io): Promise<ExitStatus> => {
  const machine = await machineOf(invocation, io);
  const { files, root } = machine;
  const seen = observe(machine);
  reportProblems(io, seen.scan.problems);
  const present = (device: Device): Asked => ({ target: targetOf(files, root, device), word: device.name });
  const ask = (word: string): Asked => {
    try {
      return present(findNamed(machine, seen, word));
    } catch (error) {
      if (!(error instanceof VfioNamesError) || error.exitCode !== exitStatus.noDevice) throw error;
      return { target: goneTarget(word), word, missing: error };
    }
  };
  const asked =
    invocation.operands.length === 0 ? seen.scan.devices.map(present) : invocation.operands.map(ask);
  const targets = asked.map(({ target }) => target);
  const search = findHolders(files, root, targets);
  for (const { missing, target } of asked)
    if (missing && !search.holders.some((holder) => holder.target === target)) throw missing;
  io.out(invocation.json ? asJson(asked, search) : asTable(asked, search));
  for (const { message } of search.unseen) io.err(`vfio-names: ${message}`);
  if (search.holders.length === 0 && !invocation.json)
    io.err(`vfio-names: no process is seen that has ${asked.length === 1 ? 'it' : 'any'} open`);
  const denied = search.unseen.some(({ reason }) => refusals.includes(reason));
  return denied ? exitStatus.notPermitted : exitStatus.fine;
};

function asTable(asked: readonly Asked[], { holders }: HolderSearch): string {
  const rows = asked.flatMap(({ target, word }) =>
    holders
      .filter((holder) => holder.target === target)
      .map((holder) => [printable(target.device?.name ?? word), ...holderCells(holder)]),
  );
  return rows.length === 0 ? '' : table(['DEVICE', ...holderHead], rows);
}

function asJson(asked: readonly Asked[], { holders, unseen }: HolderSearch): string {
  const devices = asked.map(({ target, word }) => ({
    asked: word,
    ...(target.device && {
      name: target.device.name,
      bus: target.device.bus,
      node: nodeOf(target.device),
    }),
    gone: target.device === undefined,
    holders: holders.filter((holder) => holder.target === target).map(holderJson),
  }));
  return jsonDocument({ devices, unseen: unseen.map(unseenJson) });
}

/** As in the facts: `vfio3`, and none without a number. */
function nodeOf(device: Device): string | undefined {
  return device.devnum === undefined ? undefined : device.sysname;
}
