/** `exec`: runs a command with verified, open device descriptors, and no other descriptors of this process. */

import { findByWholeName } from '../../devices/find.ts';
import type { Device } from '../../devices/types.ts';
import { dropPrivileges, readUserIds } from '../../exec/drop-privileges.ts';
import { openDevice, openIommu } from '../../exec/open-device.ts';
import { fdsVariable, type PassedDevice, substituteFds } from '../../exec/placeholders.ts';
import { findByNameOrPath } from '../../links/find.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { schemeLink } from '../../names/scheme.ts';
import type { Environment } from '../../system/process.ts';
import type { Child, ChildExit } from '../../system/programs.ts';
import { printable } from '../../text/printable.ts';
import type { Io, RunCommand } from '../command.ts';
import { loadPolicyMachine } from '../context.ts';

/** The first descriptor after stdin, stdout and stderr. */
const FIRST_FD = 3;

export const run: RunCommand = async (invocation, io, system) => {
  const { nodes, process, programs } = system;
  const [command = '', ...args] = invocation.commandArgs ?? [];
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
    env: childEnv(process.env, passed, iommufd),
  };
  const credentials = login && (await process.credentials());
  // Before privileges are dropped: afterwards /proc/self may not be readable.
  const inherited = process.inheritedFds();
  let child: Child | undefined;
  // Before the child is started: otherwise an early signal would end this process and leave the child running.
  const stopListening = process.handleSignals({
    SIGTERM: () => child?.signal('SIGTERM'),
    SIGHUP: () => child?.signal('SIGHUP'),
    SIGINT: () => {
      if (!process.isForeground()) child?.signal('SIGINT');
    },
  });
  const fds: number[] = [];
  try {
    try {
      for (const { device } of requested) fds.push(openDevice(files, root, nodes, device));
      if (iommufd !== undefined) fds.push(openIommu(files, root, nodes));
      if (login && credentials) dropPrivileges(credentials, login);
      child = programs.start({ ...request, fds, inherited });
    } finally {
      // The kernel releases a device when its last descriptor is closed; only the child may keep one.
      for (const fd of fds) nodes.close(fd);
    }
    return statusOf(await child.exit, command, io);
  } finally {
    stopListening();
  }
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
 * The child's environment: adds VFIO_NAMES_FDS and removes LISTEN_FDS and its companions (sd_listen_fds(3)). They would
 * declare the device descriptors to be sockets, and LISTEN_PID for the child is not known before it starts.
 */
function childEnv(
  own: Environment,
  passed: readonly PassedDevice[],
  iommufd: number | undefined,
): Environment {
  const { LISTEN_FDS: _fds, LISTEN_PID: _pid, LISTEN_FDNAMES: _names, ...env } = own;
  return { ...env, VFIO_NAMES_FDS: fdsVariable(passed, iommufd) };
}

/** The exit status of the child; as in shells and env(1), 127 if the program is not found and 126 if it cannot be run. */
function statusOf(ending: ChildExit, command: string, io: Io): number {
  if (ending.kind === 'ended') return ending.status;
  const missing = ending.errno === 'ENOENT';
  io.err(
    `vfio-names: expected a program at ${printable(command)}, ${missing ? 'found none in PATH or at that path; check the word after --' : `could not run it: ${ending.errno}`}`,
  );
  return missing ? 127 : 126;
}
