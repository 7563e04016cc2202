/** `probe`: checks whether devices can be opened and explains failures; claims them only with --bind or --group, after a confirmation. */

import { isUuid } from '../../devices/facts/mdev.ts';
import { findOneDevice } from '../../devices/find-one.ts';
import { scanDevices } from '../../devices/scan.ts';
import { withNumbers } from '../../devices/typed-facts.ts';
import type { Device } from '../../devices/types.ts';
import { type ExitStatus, exitStatus, VfioNamesError, withHint } from '../../errors.ts';
import { findMember } from '../../links/find.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { findSelection } from '../../links/select.ts';
import type { Capability, Details } from '../../probe/device-info.ts';
import { mostSevereStatus } from '../../probe/explain.ts';
import { notFoundResult, type ProbeOptions, type ProbeResult, probeDevice } from '../../probe/probe.ts';
import type { Process } from '../../system/process.ts';
import { printable } from '../../text/printable.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyMachine, reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';
import { formatMessage } from '../output.ts';
import { formatTable } from '../table.ts';

/** One document with all probes, in the order of the operands. */
function probeDocument(probes: readonly ProbeResult[]): string {
  return jsonDocument({ probes: probes.map(probeJson) });
}

function probeJson({ device, details, ...probe }: ProbeResult): Record<string, unknown> {
  const { requested, node, group, depth, openable, status, step, errno, cause, remedy } = probe;
  return {
    requested,
    bus: device?.bus,
    name: device?.name,
    syspath: device?.syspath,
    devnum: device?.devnum,
    // As in the fact `node`: `vfio3`, not its path.
    node: node === undefined ? undefined : device?.sysname,
    ...withNumbers({ group }),
    depth,
    openable,
    status,
    step,
    errno,
    cause,
    remedy,
    ...details,
  };
}

/** In seconds; the limit is one hour. */
const timeouts = { usual: 5, longest: 3600 } as const;

type Args = Pick<Invocation, 'operands' | 'flags' | 'values'>;

/** Throws VfioNamesError `usage` (status 2) for options that cannot be combined or have an invalid value. */
function probeOptions({ operands, flags, values }: Args): ProbeOptions {
  const [bind, group, all] = [flags['bind'] ?? false, flags['group'] ?? false, flags['all'] ?? false];
  const attach = flags['attach'] ?? false;
  const token = values['vf-token'];
  if (bind && group) throw usage('expected --bind or --group, found both', 'probe twice');
  if (attach && !bind) throw usage('expected --bind with --attach, found --attach alone', 'add --bind');
  if (token !== undefined && !bind && !group)
    throw usage('expected --bind or --group with --vf-token, found neither', 'add one of them');
  if (token !== undefined && !isUuid(token))
    throw usage(
      `expected a UUID after --vf-token, found ${printable(token)}`,
      'give it as bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3',
    );
  if (all && operands.length > 0) throw usage('expected NAME... or --all, found both', 'leave one away');
  if (!all && operands.length === 0) throw usage('expected NAME... or --all, found neither');
  return {
    depth: bind ? 'bind' : group ? 'group' : 'open',
    attach,
    ...(token !== undefined && { token }),
    timeout: parseTimeout(values['timeout']),
  };
}

/** --timeout in seconds. Throws VfioNamesError `usage` (status 2) for an invalid value. */
export function parseTimeout(text: string | undefined): number {
  if (text === undefined) return timeouts.usual;
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= timeouts.longest) return value;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected seconds after --timeout, found ${printable(text)}`,
    { hint: `give a number above 0 and up to ${timeouts.longest}` },
  );
}

function usage(message: string, advice?: string): VfioNamesError {
  const help = 'see vfio-names probe --help';
  const hint = advice === undefined ? help : `${advice}; ${help}`;
  return new VfioNamesError('usage', exitStatus.usage, message, { hint });
}

/** One line per device, `0000:01:00.0: can be opened: /dev/vfio/devices/vfio3`, followed by its regions and irqs. */
function probeText(probe: ProbeResult): string {
  const name = printable(probe.device?.name ?? probe.requested);
  if (!probe.openable)
    return `${formatMessage(`${name}: cannot be opened: ${probe.cause ?? ''}`, probe.remedy)}\n`;
  const through = probe.depth === 'group' ? `group ${probe.group}` : printable(probe.node ?? '');
  const line = `${name}: can be opened: ${through}\n`;
  return probe.details ? line + detailsText(probe.details) : line;
}

function detailsText(details: Details): string {
  const { flags, regionCount, irqCount, regions, irqs, attached } = details;
  const head = `flags ${flags.join(' ') || 'none'}; ${regionCount} regions, ${irqCount} irqs${attached ? '; attached to an I/O address space' : ''}\n`;
  const regionRows = regions.map(({ index, region, size, flags: bits, capabilities }) => [
    `${index}`,
    region ?? '',
    size === 0 ? '-' : `0x${size.toString(16)}`,
    bits.join(' '),
    capabilities.map(capabilityText).join(' '),
  ]);
  const irqRows = irqs.map(({ index, irq, count, flags: bits }) => [
    `${index}`,
    irq ?? '',
    `${count}`,
    bits.join(' '),
  ]);
  const text =
    head +
    (regionRows.length > 0
      ? formatTable(['REGION', 'NAME', 'SIZE', 'FLAGS', 'CAPABILITIES'], regionRows)
      : '') +
    (irqRows.length > 0 ? formatTable(['IRQ', 'NAME', 'COUNT', 'FLAGS'], irqRows) : '');
  return text.replace(/^(?=.)/gm, '  ');
}

function capabilityText({ capabilityId, capability, areas, type, subtype }: Capability): string {
  const label = capability ?? `cap${capabilityId}`;
  if (areas)
    return `${label}:${areas.map(({ offset, size }) => `0x${offset.toString(16)}+0x${size.toString(16)}`).join(',')}`;
  return type === undefined ? label : `${label}:${type}/${subtype}`;
}

export const run: RunCommand = async (invocation, io, system): Promise<ExitStatus> => {
  const options = probeOptions(invocation);
  const machine = await loadPolicyMachine(invocation, system);
  const statuses: ExitStatus[] = [];
  const targets = invocation.flags['all']
    ? allNames(machine, io).map((name) => ({ name, requested: name }))
    : invocation.operands.flatMap((requested) => {
        const { names, closed } = expandGroup(machine, requested);
        if (closed) {
          io.err(`vfio-names: ${withHint(closed)}`);
          statuses.push(closed.status);
        }
        return names.map((name) => ({ name, requested }));
      });
  const names = targets.map(({ name }) => name);
  if (options.depth !== 'open') confirmReset(system.process, invocation, io, names);
  const peer = system.programs.startWorker(options.timeout * 1000);
  const probes: ProbeResult[] = [];
  try {
    for (const { name, requested } of targets) {
      const probe = await probeName(machine, name, options, (device) =>
        probeDevice({ ...machine, peer }, device, requested, options),
      );
      statuses.push(probe.status);
      if (invocation.json) probes.push(probe);
      else if (probe.device) io.out(probeText(probe));
      // As every other command reports a NAME that means no device.
      else io.err(`vfio-names: ${formatMessage(probe.cause ?? '', probe.remedy)}`);
    }
  } finally {
    peer.close();
  }
  if (invocation.json) io.out(probeDocument(probes));
  else if (statuses.length > 1) {
    const openable = statuses.filter((status) => status === exitStatus.ok).length;
    io.out(`${openable} of ${statuses.length} devices can be opened\n`);
  }
  return mostSevereStatus(statuses);
};

/**
 * The names of all devices of the group that the operand means, and what keeps it closed; the operand itself if it means no
 * group, or nothing.
 */
function expandGroup(
  machine: Machine,
  operand: string,
): { readonly names: readonly string[]; readonly closed?: VfioNamesError } {
  if (findOneDevice(machine.files, machine.root, operand)) return { names: [operand] };
  try {
    const { devices, group, closed } = findSelection(machine, observe(machine), operand);
    const names = group ? devices.map(({ bus, name }) => `${bus}/${name}`) : [operand];
    return { names, ...(closed && { closed }) };
  } catch (error) {
    if (!(error instanceof VfioNamesError) || error.status === exitStatus.usage) throw error;
    return { names: [operand] };
  }
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
    device = findOneDevice(machine.files, machine.root, name) ?? findMember(machine, observe(machine), name);
  } catch (error) {
    if (!(error instanceof VfioNamesError) || error.status === exitStatus.usage) throw error;
    return notFoundResult(name, depth, error);
  }
  return probe(device);
}

function allNames({ files, root }: Machine, io: Io): readonly string[] {
  const { devices, problems } = scanDevices(files, root);
  reportProblems(io, problems);
  if (devices.length > 0) return devices.map(({ bus, name }) => `${bus}/${name}`);
  throw new VfioNamesError('no-device', exitStatus.noDevice, 'expected devices bound to VFIO, found none', {
    hint: 'bind one, for instance with driverctl',
  });
}

/** Queries before devices are reset, unless --yes is given. Throws VfioNamesError if the user declines or there is no terminal (status 2). */
function confirmReset({ ask }: Process, { flags }: Invocation, io: Io, names: readonly string[]): void {
  const deviceNames = names.map(printable).join(', ');
  const option = flags['bind'] ? 'bind' : 'group';
  if (flags['yes']) {
    io.err(`vfio-names: --${option} claims and resets ${deviceNames}`);
    return;
  }
  if (!io.stdinIsTty)
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected --yes with --${option}, which resets ${deviceNames}, found no terminal to ask on`,
      { hint: 'add --yes if that is right' },
    );
  const answer = ask(`--${option} claims and resets ${deviceNames}. Continue? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new VfioNamesError('aborted', exitStatus.usage, 'nothing was probed, since you did not agree');
}
