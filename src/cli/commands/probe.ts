/** `probe`: checks whether devices can be opened and explains failures; claims them only with --bind or --group, after a confirmation. */
import type { Device } from '../../devices/device.ts';
import { findByWholeName } from '../../devices/quick-find.ts';
import { scanDevices } from '../../devices/scan.ts';
import { type ExitStatus, exitStatus, VfioNamesError } from '../../errors.ts';
import { findByNameOrPath } from '../../links/find-named.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { askTerminal } from '../../probe/ask-terminal.ts';
import { peerCommand } from '../../probe/peer-command.ts';
import { notFoundResult, type ProbeOptions, type ProbeResult, probeDevice } from '../../probe/probe.ts';
import { mostSevereStatus } from '../../probe/worst.ts';
import { startWorker, type Worker } from '../../system/peer.ts';
import { printable } from '../../text/printable.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../machine.ts';
import { probeDocument } from '../probe-json.ts';
import { probeOptions } from '../probe-options.ts';
import { probeText } from '../probe-text.ts';
import { reportProblems } from '../problems.ts';

/** The helper process and the terminal that probe uses; tests replace them. */
export interface ProbeSystem {
  /** `stepLimit` is in milliseconds. */
  readonly startPeer: (stepLimit: number) => Worker;
  readonly ask: (question: string) => string;
}

export const run: RunCommand = (invocation, io) =>
  probeWith({ startPeer: (limit) => startWorker(peerCommand(), limit), ask: askTerminal }, invocation, io);

export async function probeWith(world: ProbeSystem, invocation: Invocation, io: Io): Promise<ExitStatus> {
  const options = probeOptions(invocation);
  const machine = await loadPolicyMachine(invocation, io);
  const names = invocation.flags['all'] ? allNames(machine, io) : invocation.operands;
  if (options.depth !== 'open') confirmReset(world, invocation, io, names);
  const peer = world.startPeer(options.timeout * 1000);
  const probes: ProbeResult[] = [];
  const statuses: ExitStatus[] = [];
  try {
    for (const name of names) {
      const probe = await probeName(machine, name, options, (device) =>
        probeDevice({ ...machine, peer }, device, name, options),
      );
      statuses.push(probe.status);
      if (invocation.json) probes.push(probe);
      else io.out(probeText(probe));
    }
  } finally {
    peer.close();
  }
  if (invocation.json) io.out(probeDocument(probes));
  return mostSevereStatus(statuses);
}

/** Finds the device just before its probe, since devices may change while earlier probes run. */
async function probeName(
  machine: Machine,
  name: string,
  { depth }: ProbeOptions,
  probe: (device: Device) => Promise<ProbeResult>,
): Promise<ProbeResult> {
  let device: Device;
  try {
    device =
      findByWholeName(machine.files, machine.root, name) ?? findByNameOrPath(machine, observe(machine), name);
  } catch (error) {
    if (!(error instanceof VfioNamesError) || error.exitCode === exitStatus.usage) throw error;
    return notFoundResult(name, depth, error);
  }
  return probe(device);
}

function allNames({ files, root }: Machine, io: Io): readonly string[] {
  const { devices, problems } = scanDevices(files, root);
  reportProblems(io, problems);
  if (devices.length > 0) return devices.map(({ bus, name }) => `${bus}/${name}`);
  throw new VfioNamesError(
    'no-device',
    exitStatus.noDevice,
    'expected devices bound to VFIO, found none; bind one, for instance with driverctl',
  );
}

/** Asks before devices are reset, unless --yes is given. Throws VfioNamesError if the user declines or there is no terminal (status 2). */
function confirmReset({ ask }: ProbeSystem, { flags }: Invocation, io: Io, names: readonly string[]): void {
  const deviceNames = names.map(printable).join(', ');
  const option = flags['bind'] ? 'bind' : 'group';
  if (flags['yes']) {
    io.err(`vfio-names: --${option} takes and resets ${deviceNames}`);
    return;
  }
  if (!io.stdinIsTty)
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected --yes with --${option}, which resets ${deviceNames}, found no terminal to ask on; add --yes if that is right`,
    );
  const answer = ask(`--${option} takes and resets ${deviceNames}. Go on? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new VfioNamesError('declined', exitStatus.usage, 'nothing was probed, since you did not agree');
}
