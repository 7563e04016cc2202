/** `exec`: runs a program that has the devices open, each descriptor proved, and nothing else of ours. */
import type { Device } from '../../devices/device.ts';
import { quickFind } from '../../devices/quick-find.ts';
import { become, type Credentials, processCredentials } from '../../integrations/become.ts';
import { type Child, type ChildRequest, type Ending, startChild } from '../../integrations/child.ts';
import { isForeground } from '../../integrations/foreground.ts';
import { inheritedFds } from '../../integrations/inherited.ts';
import { readLogin } from '../../integrations/login.ts';
import { openDevice } from '../../integrations/open-device.ts';
import { openIommu } from '../../integrations/open-iommu.ts';
import { nodeOpener, type Opener } from '../../integrations/opener.ts';
import { fdsVariable, type Given, substitute } from '../../integrations/substitute.ts';
import { findNamed } from '../../links/find-named.ts';
import { type Machine, observe } from '../../links/observe.ts';
import { schemeLink } from '../../names/scheme.ts';
import { nodeFiles } from '../../system/node-files.ts';
import { printable } from '../../text/printable.ts';
import type { Invocation, Io, Run } from '../command.ts';
import { machineOf } from '../machine.ts';

/** What exec needs of the outside; tests have another one. */
export interface ExecWorld {
  readonly opener: Opener;
  readonly credentials: () => Promise<Credentials> | Credentials;
  readonly start: (request: ChildRequest) => Child;
  /** What whoever started us left open for every program that we start. */
  readonly inherited: () => readonly number[];
  /** Whether the terminal's SIGINT reaches the child without us. */
  readonly foreground: () => boolean;
}

/** The first number behind stdin, stdout and stderr. */
const firstFd = 3;

export const run: Run = (invocation, io) =>
  execWith(
    {
      opener: nodeOpener,
      credentials: processCredentials,
      start: startChild,
      inherited: () => inheritedFds(nodeFiles),
      foreground: () => isForeground(nodeFiles),
    },
    invocation,
    io,
  );

export async function execWith(world: ExecWorld, invocation: Invocation, io: Io): Promise<number> {
  const [command = '', ...words] = invocation.tail ?? [];
  const machine = await machineOf(invocation, io);
  const { files, root } = machine;
  const user = invocation.values['user'];
  const login = user === undefined ? undefined : readLogin(files, root, user);
  const asked = askedFor(machine, invocation.operands);
  const given = asked.map(({ device, names }, index): Given => {
    const label = schemeLink(device) ?? device.sysname;
    return { fd: firstFd + index, label, names: [...names, device.name, label, device.sysname] };
  });
  const iommufd = invocation.flags['iommu'] ? firstFd + given.length : undefined;
  // Before anything is opened: a wrong placeholder is found in time.
  const request = { command, words: substitute(words, given, iommufd), env: childEnv(io, given, iommufd) };
  const credentials = login && (await world.credentials());
  // Before root is given up: afterwards our own directory of /proc may be closed to us.
  const inherited = world.inherited();
  let child: Child | undefined;
  // Before the child is there: a signal that comes as soon as it is must not leave it behind.
  const stopListening = io.signals?.({
    SIGTERM: () => child?.signal('SIGTERM'),
    SIGHUP: () => child?.signal('SIGHUP'),
    SIGINT: () => {
      if (!world.foreground()) child?.signal('SIGINT');
    },
  });
  const fds: number[] = [];
  try {
    try {
      for (const { device } of asked) fds.push(openDevice(files, root, world.opener, device));
      if (iommufd !== undefined) fds.push(openIommu(files, root, world.opener));
      if (login && credentials) become(credentials, login);
      child = world.start({ ...request, fds, inherited });
    } finally {
      // A device is free once its last descriptor is closed: the child's shall be the last one.
      for (const fd of fds) world.opener.close(fd);
    }
    return statusOf(await child.ending, command, io);
  } finally {
    stopListening?.();
  }
}

interface Asked {
  readonly device: Device;
  readonly names: readonly string[];
}

/** Each device once, with all words that asked for it. */
function askedFor(machine: Machine, words: readonly string[]): Asked[] {
  const asked = new Map<string, Asked>();
  for (const word of words) {
    const device = quickFind(machine.files, machine.root, word) ?? findNamed(machine, observe(machine), word);
    const names = asked.get(device.syspath)?.names ?? [];
    asked.set(device.syspath, { device, names: [...names, word] });
  }
  return [...asked.values()];
}

/** LISTEN_FDS of ours would promise sockets at the numbers that are devices now; for the child's own, LISTEN_PID is not known in time. */
function childEnv(io: Io, given: readonly Given[], iommufd: number | undefined): Io['env'] {
  const { LISTEN_FDS: _fds, LISTEN_PID: _pid, LISTEN_FDNAMES: _names, ...env } = io.env;
  return { ...env, VFIO_NAMES_FDS: fdsVariable(given, iommufd) };
}

/** 127 and 126 are what shells and env(1) say of a program that is not there, or can't be run. */
function statusOf(ending: Ending, command: string, io: Io): number {
  if (ending.kind === 'ended') return ending.status;
  const missing = ending.errno === 'ENOENT';
  io.err(
    `vfio-names: expected a program at ${printable(command)}, ${missing ? 'found none in PATH or at that path; check the word after --' : `could not run it: ${ending.errno}`}`,
  );
  return missing ? 127 : 126;
}
