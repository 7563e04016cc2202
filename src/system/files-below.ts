/**
 * The file system calls on a tree that may be hostile: every path below the root is opened beneath it, so no link and no
 * `..` of the tree leads out, and only regular files are read. Paths outside the root are those that the user gave.
 */
import { errnoError, errnoOf, tryOrUndefined } from '../errors.ts';
import { baseName, dirName } from '../text/path.ts';
import { CallError, type NodeCalls } from './calls.ts';
import type { DirHandle, Files, SystemFiles } from './files.ts';
import { heldStatus, type OpenBeneath, walkBeneath } from './open-beneath.ts';
import type { Root } from './root-path.ts';

/** What the path of an opened directory (DirHandle.path) begins with. */
const heldDirectory = '/proc/self/fd/';

/** A descriptor of a process. In a copy of /proc it is a plain link, and may have the path that the tree has here. */
const descriptorPath = /\/proc\/\d+\/fd\/\d+$/;

/** What a path means: `rest` beneath the opened directory `top`. */
interface Place {
  readonly top: DirHandle;
  readonly rest: string;
}

/**
 * Wraps `files` for a tree. `openBeneath` is openat2(2), where the platform has it. The root itself may be a link: the user
 * chose it. It is opened at the first use and stays open.
 */
export function filesBelow(files: Files, root: Root, openBeneath: OpenBeneath = walkBeneath(files)): Files {
  return portableCalls(files, root, resolver(files, root, openBeneath, openedRoot(files, root)));
}

/** Returns a function that opens the root at its first call; it stays open. */
export function openedRoot(files: Files, root: Root): () => DirHandle {
  let opened: DirHandle | undefined;
  return () => {
    opened ??= files.openDir(`${root}/.`);
    return opened;
  };
}

function portableCalls(files: Files, root: Root, { placeOf, open, atParent, atTarget }: Resolver): Files {
  /** The status of what the path leads to, or of the path itself. */
  const status = (path: string, follow: boolean): ReturnType<Files['stat']> => {
    const place = placeOf(path);
    if (!place) return follow ? files.stat(path) : files.lstat(path);
    // As a whole path it needs no descriptor of its own.
    if (!follow && isName(place.rest))
      return naming(path, () => files.lstat(`${place.top.path}/${place.rest}`));
    return using(path, open(path, place, follow), (held) => heldStatus(files, held));
  };
  const readlink: Files['readlink'] = (path) => atParent(path, (entry) => files.readlink(entry));
  const { eachLink } = files;
  return {
    readdir: (path) =>
      atTarget(path, (target, kind) => {
        mustBeDirectory(path, kind);
        return files.readdir(target);
      }),
    ...(eachLink && {
      eachLink: (path, fn) =>
        atTarget(path, (target, kind) => {
          mustBeDirectory(path, kind);
          eachLink(target, fn);
        }),
    }),
    read: (path, limit) =>
      atTarget(path, (target, kind) => {
        mustBeFile(path, kind);
        return files.read(target, limit);
      }),
    readBytes: (path, limit) =>
      atTarget(path, (target, kind) => {
        mustBeFile(path, kind);
        return files.readBytes(target, limit);
      }),
    readlink,
    lstat: (path) => status(path, false),
    stat: (path) => {
      try {
        return status(path, true);
      } catch (error) {
        // The entries of /proc/PID/fd lead to open files, not to paths; stat(2) has no effect on them.
        if (errnoOf(error) === 'EXDEV') return atParent(path, (entry) => files.stat(entry));
        const target = descriptorPath.test(path) ? readlink(path) : '';
        if (!target.startsWith(`${root}/`)) throw error;
        return status(target, true);
      }
    },
    statNode: (path) => (placeOf(path) ? status(path, false) : files.statNode(path)),
    openDir: (path) => atParent(path, (entry) => files.openDir(entry)),
    openPath: (path) => {
      const place = placeOf(path);
      return place ? open(path, place, false) : files.openPath(path);
    },
    writeAttribute: (path, text) =>
      atTarget(path, (_target, kind) => {
        mustBeFile(path, kind);
        atParent(path, (entry) => files.writeAttribute(entry, text));
      }),
    symlink: (target, path) => atParent(path, (entry) => files.symlink(target, entry)),
    rename: (from, to) => atParent(from, (source) => atParent(to, (entry) => files.rename(source, entry))),
    renameNew: (from, to) =>
      atParent(from, (source) => atParent(to, (entry) => files.renameNew(source, entry))),
    unlink: (path) => atParent(path, (entry) => files.unlink(entry)),
    mkdir: (path) => atParent(path, (entry) => files.mkdir(entry)),
    rmdir: (path) => atParent(path, (entry) => files.rmdir(entry)),
  };
}

/** As filesBelow(), for all calls; `top` opens the root. */
export function systemFilesBelow(
  files: SystemFiles,
  root: Root,
  openBeneath: OpenBeneath = walkBeneath(files),
  top: () => DirHandle = openedRoot(files, root),
): SystemFiles {
  const shared = resolver(files, root, openBeneath, top);
  const { atParent, atTarget } = shared;
  return {
    ...portableCalls(files, root, shared),
    openForChange: (path) => atParent(path, (entry) => files.openForChange(entry)),
    createFile: (path, text, durable) => atParent(path, (entry) => files.createFile(entry, text, durable)),
    exchange: (a, b) => atParent(a, (first) => atParent(b, (second) => files.exchange(first, second))),
    syncDirectory: (path) =>
      atTarget(path, (target, kind) => {
        mustBeDirectory(path, kind);
        files.syncDirectory(target);
      }),
  };
}

/** Wraps `nodes`, so that a node below the root is opened beneath it; `files` are those of the tree. */
export function nodesBelow<N extends Pick<NodeCalls, 'hold'>>(nodes: N, files: Files, root: Root): N {
  return {
    ...nodes,
    hold: (step: string, path: string): number => {
      if (!path.startsWith(`${root}/`)) return nodes.hold(step, path);
      let directory: DirHandle;
      try {
        directory = files.openPath(`${dirName(path)}/.`);
      } catch (error) {
        throw new CallError(step, errnoOf(error) ?? 'EIO');
      }
      try {
        return nodes.hold(step, `${directory.path}/${baseName(path)}`);
      } finally {
        directory.release();
      }
    },
  };
}

/** Wraps System.canConnect for a tree; `files` are those of the tree. A link at the end of the path is not a socket. */
export function connectBelow(
  canConnect: (path: string) => Promise<boolean>,
  files: Files,
): (path: string) => Promise<boolean> {
  return async (path) => {
    const held = tryOrUndefined(() => files.openPath(path));
    if (!held) return false;
    try {
      return tryOrUndefined(() => files.stat(held.path).kind) === 'socket' && (await canConnect(held.path));
    } finally {
      held.release();
    }
  };
}

const doNothing = (): void => {};

type Resolver = ReturnType<typeof resolver>;

function resolver(files: Files, root: Root, openBeneath: OpenBeneath, rootHandle: () => DirHandle) {
  const placeOf = (path: string): Place | undefined => {
    if (path === root || path.startsWith(`${root}/`))
      return { top: rootHandle(), rest: path.slice(root.length + 1) };
    if (!path.startsWith(heldDirectory)) return undefined;
    const end = path.indexOf('/', heldDirectory.length);
    return end < 0 || end === path.length - 1
      ? undefined
      : { top: { path: path.slice(0, end), release: doNothing }, rest: path.slice(end + 1) };
  };
  const open = (path: string, { top, rest }: Place, follow: boolean): DirHandle =>
    naming(path, () => openBeneath(top, rest, follow));
  return {
    placeOf,
    open,
    /** Calls `fn` with a path whose directory is open and whose last part is not resolved yet. */
    atParent: <T>(path: string, fn: (entry: string) => T): T => {
      const place = placeOf(path);
      if (!place) return fn(path);
      const { top, rest } = place;
      const end = rest.lastIndexOf('/');
      const name = rest.slice(end + 1);
      const named = isName(name);
      if (named && end <= 0) return naming(path, () => fn(`${top.path}/${name}`));
      const parent = open(path, named ? { top, rest: rest.slice(0, end) } : place, true);
      return using(path, parent, (held) => fn(`${held.path}/${named ? name : '.'}`));
    },
    /** Calls `fn` with a path that leads to what `path` leads to, and its kind; without a kind for a path outside the root. */
    atTarget: <T>(path: string, fn: (target: string, kind?: string) => T): T => {
      const place = placeOf(path);
      if (!place) return fn(path);
      return using(path, open(path, place, true), (held) => fn(held.path, heldStatus(files, held).kind));
    },
  };
}

/** Whether a path is one part that leads to an entry of its directory. */
function isName(path: string): boolean {
  return path !== '' && path !== '.' && path !== '..' && !path.includes('/');
}

function mustBeDirectory(path: string, kind: string | undefined): void {
  if (kind !== undefined && kind !== 'directory') throw errnoError('ENOTDIR', path);
}

/** Reading a device can have an effect on it, and reading a FIFO can block. */
function mustBeFile(path: string, kind: string | undefined): void {
  if (kind === undefined || kind === 'file') return;
  throw errnoError(kind === 'directory' ? 'EISDIR' : 'EFTYPE', path);
}

function using<T>(path: string, handle: DirHandle, fn: (handle: DirHandle) => T): T {
  try {
    return naming(path, () => fn(handle));
  } finally {
    handle.release();
  }
}

/** Calls `fn`; an error gets the path that was asked for in place of the descriptor's. */
function naming<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    if (errnoOf(error) !== undefined) Object.assign(error as Error, { path });
    throw error;
  }
}
