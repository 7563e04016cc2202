/** A fake process that `exec` turns into CMD: the calls change its state, and /proc shows that state. */
import { CallError } from '../../src/system/calls.ts';
import type { SystemFiles } from '../../src/system/files.ts';
import type { ExecCalls } from '../../src/system/process.ts';
import { fakeFiles } from './fake-root.ts';
import { errnoError } from './hooked-files.ts';

/** Ends the test's run of `exec`, as the end of the process would. */
export class Exited extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** CMD as execve(2) got it. */
export class Executed extends Error {
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: readonly string[];
  /** The descriptors of CMD: for each number, the one of this process that it is a copy of. */
  readonly descriptors: Readonly<Record<number, number>>;

  constructor(
    path: string,
    args: readonly string[],
    environment: readonly string[],
    descriptors: Readonly<Record<number, number>>,
  ) {
    super(`executed ${path}`);
    this.path = path;
    this.args = args;
    this.environment = environment;
    this.descriptors = descriptors;
  }
}

interface Descriptor {
  readonly of: number;
  readonly closeOnExec: boolean;
  readonly nonblocking: boolean;
}

export interface FakeExec {
  readonly calls: ExecCalls;
  /** `fakeFiles`, but with the /proc of the fake process. */
  readonly files: SystemFiles;
  readonly log: string[];
  readonly state: FakeState;
}

export interface FakeState {
  uids: readonly number[];
  gids: readonly number[];
  groups: readonly number[];
  capabilities: string;
  ignored: string;
  filtered: boolean;
  terminal: boolean;
  legacyTiocsti: string | undefined;
  keyring: number;
  limits: readonly [number, number];
  descriptors: Map<number, Descriptor>;
  /** The errno of execve(2) by path; other paths fail with ENOENT, and those with an empty text are executed. */
  programs: Readonly<Record<string, string>>;
}

export function fakeExec(overrides: Partial<ExecCalls> = {}, start: Partial<FakeState> = {}): FakeExec {
  const log: string[] = [];
  const inherited = (fd: number): [number, Descriptor] => [
    fd,
    { of: fd, closeOnExec: true, nonblocking: false },
  ];
  const state: FakeState = {
    uids: [0, 0, 0, 0],
    gids: [0, 0, 0, 0],
    groups: [0, 4],
    capabilities: '000001ffffffffff',
    ignored: '0000000001001000',
    filtered: false,
    terminal: false,
    legacyTiocsti: '1\n',
    keyring: 7,
    limits: [4096, 4096],
    descriptors: new Map([
      ...[0, 1, 2, 3].map(inherited),
      // What our parent had open, and passed on.
      [17, { of: 17, closeOnExec: false, nonblocking: false }],
    ]),
    programs: { '/bin/prog': '' },
    ...start,
  };
  const four = (id: number): readonly number[] => [id, id, id, id];
  const change = (fd: number, part: Partial<Descriptor>): void => {
    const before = state.descriptors.get(fd) ?? { of: fd, closeOnExec: true, nonblocking: true };
    state.descriptors.set(fd, { ...before, ...part });
  };
  const calls: ExecCalls = {
    setGroups: (groups) => {
      log.push('groups');
      state.groups = groups;
    },
    setGid: (gid) => {
      log.push('gid');
      state.gids = four(gid);
    },
    setUid: (uid) => {
      log.push('uid');
      state.uids = four(uid);
    },
    clearCapabilities: () => {
      log.push('capabilities');
      state.capabilities = '0000000000000000';
    },
    joinSessionKeyring: () => {
      log.push('keyring');
      state.keyring++;
    },
    sessionKeyring: () => state.keyring,
    addFilter: () => {
      log.push('filter');
      state.filtered = true;
    },
    setOpenFilesLimit: (soft) => {
      log.push(`limit ${soft}`);
      state.limits = [soft, state.limits[1]];
    },
    resetSignals: () => {
      log.push('signals');
      state.ignored = '0000000000000000';
    },
    duplicateFrom: (fd, from) => {
      let to = from;
      while (state.descriptors.has(to)) to++;
      change(to, { of: fd, closeOnExec: true, nonblocking: true });
      return to;
    },
    duplicateTo: (fd, to) => {
      const from = state.descriptors.get(fd);
      if (!from) throw new CallError('dup2', 'EBADF');
      change(to, { ...from, closeOnExec: false });
    },
    keepOnExec: (fd) => change(fd, { closeOnExec: false }),
    closeOnExecFrom: (first) => {
      for (const fd of state.descriptors.keys()) if (fd >= first) change(fd, { closeOnExec: true });
    },
    makeBlocking: (fd) => change(fd, { nonblocking: false }),
    execute: (path, args, environment) => {
      log.push(`execute ${path}`);
      const errno = state.programs[path] ?? 'ENOENT';
      if (errno !== '') throw new CallError('execve', errno);
      const kept = [...state.descriptors].filter(([, { closeOnExec }]) => !closeOnExec);
      throw new Executed(
        path,
        args,
        environment,
        Object.fromEntries(kept.map(([fd, { of }]) => [fd, of] as const)),
      );
    },
    exit: (status) => {
      throw new Exited(status);
    },
    ...overrides,
  };
  const files: SystemFiles = {
    ...fakeFiles,
    readdir: (path) =>
      path === '/proc/self/fd' ? [...state.descriptors.keys()].map(String) : fakeFiles.readdir(path),
    read: (path, limit) => procText(state, path) ?? fakeFiles.read(path, limit),
  };
  return { calls, files, log, state };
}

function procText(state: FakeState, path: string): string | undefined {
  const fd = /^\/proc\/self\/fdinfo\/(\d+)$/.exec(path)?.[1];
  if (fd !== undefined) return fdinfo(state.descriptors.get(Number(fd)));
  switch (path) {
    case '/proc/thread-self/status':
      return [
        'Name:\tnode',
        `Uid:\t${state.uids.join('\t')}`,
        `Gid:\t${state.gids.join('\t')}`,
        `Groups:\t${state.groups.join(' ')} `,
        ...['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((set) => `${set}:\t${state.capabilities}`),
        'CapBnd:\t000001ffffffffff',
        'SigBlk:\t0000000000000000',
        `SigIgn:\t${state.ignored}`,
        `Seccomp:\t${state.filtered ? 2 : 0}`,
        '',
      ].join('\n');
    case '/proc/self/stat':
      return `12 (a) b) (c d) S 1 12 12 ${state.terminal ? 34816 : 0} -1 4194304`;
    case '/proc/self/limits':
      return `Max open files            ${state.limits[0]}                 ${state.limits[1]}                 files\n`;
    case '/proc/sys/dev/tty/legacy_tiocsti':
      if (state.legacyTiocsti === undefined) throw errnoError('ENOENT');
      return state.legacyTiocsti;
    default:
      return undefined;
  }
}

function fdinfo(descriptor: Descriptor | undefined): string {
  if (!descriptor) throw errnoError('ENOENT');
  const flags = 2 | (descriptor.closeOnExec ? 0o2000000 : 0) | (descriptor.nonblocking ? 0o4000 : 0);
  return `pos:\t0\nflags:\t0${flags.toString(8)}\nmnt_id:\t31\n`;
}
