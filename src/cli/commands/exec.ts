/** `exec`: becomes a command with verified, open device descriptors, and no other descriptors of this process. */

import { findByWholeName } from '../../devices/find.ts';
import type { Device } from '../../devices/types.ts';
import { VfioNamesError, withHint } from '../../errors.ts';
import { dropPrivileges, readUserIds } from '../../exec/drop-privileges.ts';
import { openDevice, openIommu } from '../../exec/open-device.ts';
import { fdsVariable, type PassedDevice, substituteFds } from '../../exec/placeholders.ts';
import { FIRST_FD, replaceProcess, restoreOpenFilesLimit } from '../../exec/replace-process.ts';
import { protectTerminal } from '../../exec/terminal.ts';
import { findByNameOrPath } from '../../links/find.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { schemeLink } from '../../names/scheme.ts';
import type { Files } from '../../system/files.ts';
import { readEnvironment } from '../../system/proc-self.ts';
import type { Environment } from '../../system/process.ts';
import type { RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';
import { errorDocument } from '../json.ts';
import { parseTimeout } from './probe.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const { nodes, process } = system;
  const [command = '', ...args] = invocation.commandArgs ?? [];
  const timeout = parseTimeout(invocation.values['timeout']);
  const machine = await loadPolicyMachine(invocation, system);
  const { files, root } = machine;
  const user = invocation.values['user'];
  const login = user === undefined ? undefined : readUserIds(files, root, user);
  const requested = findRequested(machine, invocation.operands);
  const passed = requested.map(({ device, names }, index): PassedDevice => {
    const label = schemeLink(device) ?? device.sysname;
    return { fd: FIRST_FD + index, label, names: [...names, device.name, label, device.sysname] };
  });
  const iommufd = invocation.flags['iommu'] ? FIRST_FD + passed.length : undefined;
  // Before any device is opened: an invalid placeholder throws here.
  const request = {
    command,
    args: substituteFds(args, passed, iommufd),
    environment: withOriginalBytes(system.files, environmentOf(process.env, passed, iommufd)),
  };
  const calls = await process.loadExecCalls();
  const report = (line: string): void => io.err(`vfio-names: ${line}`);
  const opener = { files, root, nodes, timeout };
  const fds: number[] = [];
  try {
    for (const { device } of requested) fds.push(await openDevice(opener, device));
    const [first] = requested;
    if (iommufd !== undefined && first) fds.push(await openIommu(opener, first.device));
    restoreOpenFilesLimit(calls, system.files, process.startingOpenFilesLimit());
    if (login) {
      protectTerminal(calls, system.files);
      dropPrivileges(calls, system.files, login);
    }
  } catch (error) {
    for (const fd of fds) nodes.close(fd);
    // A thread may still wait for the device: an ordinary end would wait for that thread.
    if (error instanceof VfioNamesError && error.code === 'timeout') {
      report(withHint(error));
      if (invocation.json && !invocation.quiet) io.out(errorDocument(error));
      calls.exit(error.status);
    }
    throw error;
  }
  return calls.exit(replaceProcess(calls, system.files, { ...request, fds }, report));
};

interface Requested {
  readonly device: Device;
  readonly names: readonly string[];
}

/** Each requested device once, with all operands that name it. */
function findRequested(machine: Machine, operands: readonly string[]): Requested[] {
  const requested = new Map<string, Requested>();
  for (const operand of operands) {
    const device =
      findByWholeName(machine.files, machine.root, operand) ??
      findByNameOrPath(machine, observe(machine), operand);
    const names = requested.get(device.syspath)?.names ?? [];
    requested.set(device.syspath, { device, names: [...names, operand] });
  }
  return [...requested.values()];
}

/**
 * CMD's environment: adds VFIO_NAMES_FDS and removes LISTEN_FDS and its companions (sd_listen_fds(3)). They would
 * declare the device descriptors to be sockets.
 */
function environmentOf(
  own: Environment,
  passed: readonly PassedDevice[],
  iommufd: number | undefined,
): string[] {
  const { LISTEN_FDS: _fds, LISTEN_PID: _pid, LISTEN_FDNAMES: _names, ...env } = own;
  return Object.entries({ ...env, VFIO_NAMES_FDS: fdsVariable(passed, iommufd) }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
}

/** Variables may have bytes that are not UTF-8. In the environment of the program they are U+FFFD; the kernel still has them. */
function withOriginalBytes(files: Files, variables: readonly string[]): readonly string[] {
  if (!variables.some((variable) => variable.includes('\ufffd'))) return variables;
  const originals = readEnvironment(files);
  return variables.map((variable) => originals.get(variable) ?? variable);
}
