/** A /proc of processes with open descriptors, in memory: what no real directory can show (deleted nodes, refusals). */
import type { Files, Kind, Status } from '../../src/system/files.ts';

export interface FakeDescriptor {
  readonly link: string;
  /** `MAJOR:MINOR` where it is a character node. */
  readonly devnum?: string;
  /** `block` makes the devnum that of a block node. */
  readonly block?: boolean;
  readonly fdinfo?: string;
  /** What readlink fails with. */
  readonly readlink?: string;
}

export interface FakeProcess {
  readonly comm?: string;
  readonly uid?: number;
  readonly cgroup?: string;
  readonly fds?: Readonly<Record<number, FakeDescriptor>>;
  /** What listing its descriptors fails with. */
  readonly list?: string;
}

export interface FakeSystem {
  readonly processes?: Readonly<Record<number, FakeProcess>>;
  /** Further texts and links by their path. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly directories?: Readonly<Record<string, readonly string[]>>;
  readonly root?: string;
}

export function failure(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno });
}

const refuse = (): never => {
  throw failure('EROFS');
};

/** Sockets and pipes have a type, other anonymous descriptors have none. */
function kindOf(link: string): Kind {
  if (link.startsWith('socket:')) return 'socket';
  if (link.startsWith('pipe:')) return 'fifo';
  return link.startsWith('anon_inode:') ? 'other' : 'file';
}

/** Files over such a system; each call is written down in `calls`. */
export function fakeProc(system: FakeSystem): Files & { readonly calls: string[] } {
  const calls: string[] = [];
  const root = system.root ?? '';
  const own = (path: string): string => {
    if (!path.startsWith(root)) throw failure('ENOENT');
    return path.slice(root.length);
  };
  const part = (path: string): { process: FakeProcess | undefined; rest: string } => {
    const match = /^\/proc\/(\d+)\/(.*)$/.exec(path);
    return { process: system.processes?.[Number(match?.[1])], rest: match?.[2] ?? '' };
  };
  const descriptor = (path: string): FakeDescriptor | undefined => {
    const { process, rest } = part(path);
    const fd = /^fd(?:info)?\/(\d+)$/.exec(rest)?.[1];
    return fd === undefined ? undefined : process?.fds?.[Number(fd)];
  };
  const have = <T>(value: T | undefined): T => {
    if (value === undefined) throw failure('ENOENT');
    return value;
  };
  const text = (path: string): string | undefined => {
    const { process, rest } = part(path);
    if (process && rest === 'comm') return process.comm === undefined ? undefined : `${process.comm}\n`;
    if (process && rest === 'status')
      return process.uid === undefined ? undefined : `Name:\tx\nUid:\t0\t${process.uid}\t0\t0\nGid:\t0\n`;
    if (process && rest === 'cgroup') return process.cgroup;
    if (rest.startsWith('fdinfo/')) return descriptor(path)?.fdinfo ?? 'pos:\t0\nflags:\t02\n';
    return system.texts?.[path];
  };
  return {
    calls,
    list: (path) => {
      calls.push(`list ${path}`);
      const asked = own(path);
      if (asked === '/proc')
        return have(system.processes && [...Object.keys(system.processes), 'self', 'cmdline', 'net']);
      const { process, rest } = part(asked);
      if (rest !== 'fd') return [...have(system.directories?.[asked])];
      if (process?.list !== undefined) throw failure(process.list);
      return Object.keys(have(process).fds ?? {});
    },
    read: (path) => {
      calls.push(`read ${path}`);
      return have(text(own(path)));
    },
    readlink: (path) => {
      calls.push(`readlink ${path}`);
      const asked = own(path);
      const found = descriptor(asked);
      if (found?.readlink !== undefined) throw failure(found.readlink);
      return have(found?.link ?? system.links?.[asked]);
    },
    bytes: refuse,
    lstat: refuse,
    fstat: refuse,
    hold: refuse,
    stat: (path): Status => {
      calls.push(`stat ${path}`);
      const found = have(descriptor(own(path)));
      const status = { mode: 0o600, uid: 0, gid: 0, inode: '1' };
      if (found.devnum === undefined) return { ...status, kind: kindOf(found.link) };
      return { ...status, kind: found.block ? 'block' : 'char', devnum: found.devnum };
    },
    symlink: refuse,
    rename: refuse,
    unlink: refuse,
    mkdir: refuse,
    rmdir: refuse,
  };
}

/** What a process of the first namespace on a host sees beside processes. */
export const hostLinks = { '/proc/1/ns/pid': 'pid:[4026531836]', '/proc/self/ns/pid': 'pid:[4026531836]' };
