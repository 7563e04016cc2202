/** A fake /proc in memory, for states that a real directory cannot have (deleted nodes, permission errors). */
import type { FileKind, FileStatus, Files } from '../../src/system/files.ts';

export interface FakeDescriptor {
  readonly link: string;
  /** `MAJOR:MINOR`, for a character device. */
  readonly devnum?: string;
  /** Makes it a block device. */
  readonly block?: boolean;
  readonly fdinfo?: string;
  /** The errno of readlink. */
  readonly readlink?: string;
}

export interface FakeProcess {
  readonly comm?: string;
  readonly uid?: number;
  readonly cgroup?: string;
  readonly fds?: Readonly<Record<number, FakeDescriptor>>;
  /** The errno of listing its descriptors. */
  readonly list?: string;
}

export interface FakeSystem {
  readonly processes?: Readonly<Record<number, FakeProcess>>;
  /** Other files, links and directories by path. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly directories?: Readonly<Record<string, readonly string[]>>;
  readonly root?: string;
}

export function errnoError(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno });
}

const failReadOnly = (): never => {
  throw errnoError('EROFS');
};

/** The kind that stat(2) reports: sockets and pipes have a file type, other anonymous descriptors have none. */
function kindOf(link: string): FileKind {
  if (link.startsWith('socket:')) return 'socket';
  if (link.startsWith('pipe:')) return 'fifo';
  return link.startsWith('anon_inode:') ? 'other' : 'file';
}

/** Returns Files of the fake system; `calls` records each call. */
export function fakeProc(system: FakeSystem): Files & { readonly calls: string[] } {
  const calls: string[] = [];
  const root = system.root ?? '';
  const stripRoot = (path: string): string => {
    if (!path.startsWith(root)) throw errnoError('ENOENT');
    return path.slice(root.length);
  };
  const splitPath = (path: string): { process: FakeProcess | undefined; rest: string } => {
    const match = /^\/proc\/(\d+)\/(.*)$/.exec(path);
    return { process: system.processes?.[Number(match?.[1])], rest: match?.[2] ?? '' };
  };
  const descriptor = (path: string): FakeDescriptor | undefined => {
    const { process, rest } = splitPath(path);
    const fd = /^fd(?:info)?\/(\d+)$/.exec(rest)?.[1];
    return fd === undefined ? undefined : process?.fds?.[Number(fd)];
  };
  const orEnoent = <T>(value: T | undefined): T => {
    if (value === undefined) throw errnoError('ENOENT');
    return value;
  };
  const text = (path: string): string | undefined => {
    const { process, rest } = splitPath(path);
    if (process && rest === 'comm') return process.comm === undefined ? undefined : `${process.comm}\n`;
    if (process && rest === 'status')
      return process.uid === undefined ? undefined : `Name:\tx\nUid:\t0\t${process.uid}\t0\t0\nGid:\t0\n`;
    if (process && rest === 'cgroup') return process.cgroup;
    if (rest.startsWith('fdinfo/')) return descriptor(path)?.fdinfo ?? 'pos:\t0\nflags:\t02\n';
    return system.texts?.[path];
  };
  return {
    calls,
    readdir: (path) => {
      calls.push(`list ${path}`);
      const target = stripRoot(path);
      if (target === '/proc')
        return orEnoent(system.processes && [...Object.keys(system.processes), 'self', 'cmdline', 'net']);
      const { process, rest } = splitPath(target);
      if (rest !== 'fd') return [...orEnoent(system.directories?.[target])];
      if (process?.list !== undefined) throw errnoError(process.list);
      return Object.keys(orEnoent(process).fds ?? {});
    },
    read: (path) => {
      calls.push(`read ${path}`);
      return orEnoent(text(stripRoot(path)));
    },
    readlink: (path) => {
      calls.push(`readlink ${path}`);
      const target = stripRoot(path);
      const found = descriptor(target);
      if (found?.readlink !== undefined) throw errnoError(found.readlink);
      return orEnoent(found?.link ?? system.links?.[target]);
    },
    readBytes: failReadOnly,
    lstat: failReadOnly,
    statNode: failReadOnly,
    openDir: failReadOnly,
    openPath: failReadOnly,
    renameNew: failReadOnly,
    stat: (path): FileStatus => {
      calls.push(`stat ${path}`);
      const found = orEnoent(descriptor(stripRoot(path)));
      const status = { mode: 0o600, uid: 0, gid: 0, inode: 1, modified: 0 };
      if (found.devnum === undefined) return { ...status, kind: kindOf(found.link) };
      return { ...status, kind: found.block ? 'block' : 'char', devnum: found.devnum };
    },
    symlink: failReadOnly,
    rename: failReadOnly,
    unlink: failReadOnly,
    writeAttribute: failReadOnly,
    mkdir: failReadOnly,
    rmdir: failReadOnly,
  };
}

/** The links in /proc of a process in the initial PID namespace. */
export const hostLinks = { '/proc/1/ns/pid': 'pid:[4026531836]', '/proc/self/ns/pid': 'pid:[4026531836]' };
