/** `exec`: becomes a command with verified, open device descriptors, and no other descriptors of this process. */

import { isNoIommu, noIsolationWarning } from '../../devices/cdev.ts';
import { readFact } from '../../devices/facts.ts';
import { VfioNamesError, withHint } from '../../errors.ts';
import { dropPrivileges, readUserIds } from '../../exec/drop-privileges.ts';
import { type Opener, openContainer, openDevice, openGroup, openIommu } from '../../exec/open-device.ts';
import { fdsVariable, type PassedFds, substituteFds } from '../../exec/placeholders.ts';
import { type ExecFailure, replaceProcess, restoreOpenFilesLimit } from '../../exec/replace-process.ts';
import {
  findGroups,
  findRequested,
  passDevices,
  passGroups,
  type Requested,
  type RequestedGroup,
} from '../../exec/request.ts';
import { protectTerminal } from '../../exec/terminal.ts';
import { checkUserAccess } from '../../exec/user-access.ts';
import type { Files } from '../../system/files.ts';
import { readEnvironment } from '../../system/proc-self.ts';
import type { Environment } from '../../system/process.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';
import { printErrorDocument } from '../json.ts';
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
  const withIommu = invocation.flags['iommu'] ?? false;
  const groups = invocation.values['interface'] === 'group' ? findGroups(machine, requested) : undefined;
  const isPassed = !invocation.flags['no-fds'];
  const planned = groups ? passGroups(groups, withIommu) : passDevices(requested, withIommu);
  const passed = isPassed ? planned : undefined;
  // Before any device is opened: an invalid placeholder throws here.
  const request = {
    command,
    args: substituteFds(args, passed),
    environment: withOriginalBytes(system.files, environmentOf(process.env, passed)),
  };
  const calls = await process.loadExecCalls();
  const report = (line: string): void => io.err(`vfio-names: ${line}`);
  const opener = { files, root, nodes, timeout };
  const fds: number[] = [];
  try {
    await openAll(opener, { requested, groups, withIommu }, fds);
    for (const { device } of requested)
      if (isNoIommu(files, root, device, readFact(files, root, device, 'group')))
        report(noIsolationWarning(device));
    if (!isPassed) {
      if (login) checkUserAccess(system.files, login, fds, report);
      for (const fd of fds.splice(0)) nodes.close(fd);
    }
    restoreOpenFilesLimit(calls, system.files, process.startingOpenFilesLimit());
    if (login) {
      protectTerminal(calls, system.files);
      dropPrivileges(calls, system.files, login);
    }
  } catch (error) {
    for (const fd of fds) nodes.close(fd);
    // A thread may still wait for the device: an ordinary end would wait for that thread.
    if (error instanceof VfioNamesError && error.code === 'timeout') {
      reportFailure(invocation, io, error);
      calls.exit(error.status);
    }
    throw error;
  }
  const failure = replaceProcess(calls, system.files, { ...request, fds });
  reportFailure(invocation, io, failure);
  return calls.exit(failure.status);
};

/** Reports why CMD does not run, as an error that ends another command is reported. */
function reportFailure({ json, quiet }: Invocation, io: Io, failure: ExecFailure | VfioNamesError): void {
  io.err(`vfio-names: ${withHint(failure)}`);
  if (json && !quiet) printErrorDocument(io, failure);
}

/** Opens all nodes, and adds each descriptor to `fds` at once, in the order of passDevices() and passGroups(). */
async function openAll(
  opener: Opener,
  {
    requested,
    groups,
    withIommu,
  }: {
    readonly requested: readonly Requested[];
    readonly groups: readonly RequestedGroup[] | undefined;
    readonly withIommu: boolean;
  },
  fds: number[],
): Promise<void> {
  if (groups)
    for (const [first, ...others] of groups)
      fds.push(await openGroup(opener, [first.device, ...others.map(({ device }) => device)]));
  else for (const { device } of requested) fds.push(await openDevice(opener, device));
  const [first] = requested;
  if (!first) return;
  if (withIommu) fds.push(await openIommu(opener, first.device));
  else if (groups) fds.push(await openContainer(opener, first.device));
}

/**
 * CMD's environment: adds VFIO_NAMES_FDS and removes LISTEN_FDS and its companions (sd_listen_fds(3)). They would
 * declare the device descriptors to be sockets.
 */
function environmentOf(own: Environment, passed: PassedFds | undefined): string[] {
  const { LISTEN_FDS: _fds, LISTEN_PID: _pid, LISTEN_FDNAMES: _names, ...env } = own;
  const variable = passed && fdsVariable(passed);
  return Object.entries({ ...env, VFIO_NAMES_FDS: variable }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
}

/** Variables may have bytes that are not UTF-8. In the environment of the program they are U+FFFD; the kernel still has them. */
function withOriginalBytes(files: Files, variables: readonly string[]): readonly string[] {
  if (!variables.some((variable) => variable.includes('\ufffd'))) return variables;
  const originals = readEnvironment(files);
  return variables.map((variable) => originals.get(variable) ?? variable);
}
