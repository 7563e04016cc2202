/**
 * Reports changes in a tree of directories with inotify: a watch on the top and on each directory below it. All watches belong to
 * one descriptor; when a directory is created or removed, another descriptor with watches of its own replaces it.
 */
import * as os from 'qjs:os';
import * as syscalls from 'qjs:syscalls';
import { tryOrUndefined } from '../../errors.ts';
import { dirName } from '../../text/path.ts';
import { type Watcher, type WatcherOptions, watchError } from '../watcher.ts';
import { errnoName } from './errno.ts';
import { quickjsFiles, textOf } from './files.ts';
import { guarded } from './guard.ts';
import { type InotifyEvent, parseEvents } from './inotify-events.ts';

/** The deepest watched directory is one like /dev/vfio/by-sriov/0000:01:00.0; only the rescan notices deeper links. */
const MAX_DEPTH = 2;
/** How often the directories are read to find those that are created while the watches are set up. */
const MAX_ROUNDS = 3;

const mask =
  syscalls.IN_ATTRIB |
  syscalls.IN_CREATE |
  syscalls.IN_MODIFY |
  syscalls.IN_DELETE |
  syscalls.IN_DELETE_SELF |
  syscalls.IN_MOVE_SELF |
  syscalls.IN_MOVED_FROM |
  syscalls.IN_MOVED_TO |
  syscalls.IN_ONLYDIR;

/** After these events, the watches do not fit the directories any more, or events were lost. */
const rearming =
  syscalls.IN_DELETE_SELF | syscalls.IN_MOVE_SELF | syscalls.IN_IGNORED | syscalls.IN_Q_OVERFLOW;
const changesEntry = syscalls.IN_CREATE | syscalls.IN_DELETE | syscalls.IN_MOVED_FROM | syscalls.IN_MOVED_TO;

export function startWatcher({
  directory: top,
  flat,
  isIgnored,
  clock,
  timing,
  onHint,
  onError,
}: WatcherOptions): Watcher {
  let descriptor = -1;
  let cancelRearm: (() => void) | undefined;
  let isBroken = false;
  let isClosed = false;

  const rearm = (): void => {
    if (isClosed || cancelRearm) return;
    cancelRearm = clock.setTimer(timing.rearm, arm);
  };
  const closeDescriptor = (): void => {
    if (descriptor < 0) return;
    os.setReadHandler(descriptor, null);
    syscalls.close(descriptor);
    descriptor = -1;
  };
  const onEvent = (directory: string, { mask: bits, name }: InotifyEvent): void => {
    if (bits & rearming || (bits & syscalls.IN_ISDIR && bits & changesEntry)) {
      onHint('event');
      rearm();
      return;
    }
    const place = placeBelow(top, name === '' ? directory : `${directory}/${name}`);
    if (place !== undefined && !isIgnored(place)) onHint('event', place === '' ? undefined : place);
  };
  const arm = (): void => {
    cancelRearm = undefined;
    closeDescriptor();
    let hasFailed = false;
    const failed = (path: string, errno: string): void => {
      if (!isBroken) onError(watchError(path, errno));
      isBroken = true;
      hasFailed = true;
    };
    const nearest = nearestDirectory(top);
    const fd = syscalls.inotifyInit();
    if (fd < 0) {
      failed(nearest, errnoName(-fd));
      return;
    }
    descriptor = fd;
    const directories = addWatches(fd, top, nearest, flat, failed);
    const bytes = new Uint8Array(1 << 16);
    os.setReadHandler(
      fd,
      guarded(() => {
        for (let length = syscalls.read(fd, bytes); length > 0; length = syscalls.read(fd, bytes)) {
          for (const event of parseEvents(bytes.subarray(0, length)))
            onEvent(directories.get(event.watch) ?? top, event);
          // A handler may have closed the descriptor.
          if (descriptor !== fd) return;
        }
      }),
    );
    // The directory was created after its parent was found but before the parent was watched.
    if (nearestDirectory(top) !== nearest) {
      rearm();
      return;
    }
    isBroken = hasFailed;
    onHint('armed');
  };

  arm();
  return {
    rearm,
    close: async () => {
      isClosed = true;
      cancelRearm?.();
      closeDescriptor();
    },
  };
}

/** Watches the top, or its nearest parent, and the directories below the top; returns their paths by watch. */
function addWatches(
  fd: number,
  top: string,
  nearest: string,
  flat: ReadonlySet<string>,
  failed: (path: string, errno: string) => void,
): ReadonlyMap<number, string> {
  const directories = new Map<number, string>();
  const seen = new Set<string>();
  const add = (path: string): void => {
    seen.add(path);
    const watch = syscalls.inotifyAddWatch(fd, path, mask);
    if (watch >= 0) directories.set(watch, path);
    else if (!['ENOENT', 'ENOTDIR'].includes(errnoName(-watch))) failed(path, errnoName(-watch));
  };
  add(nearest);
  for (let round = 0, more = nearest === top; more && round < MAX_ROUNDS; round++) {
    const fresh = directoriesBelow(top, MAX_DEPTH, flat).filter((path) => !seen.has(path));
    for (const path of fresh) add(path);
    more = fresh.length > 0;
  }
  return directories;
}

function directoriesBelow(path: string, levels: number, flat?: ReadonlySet<string>): string[] {
  const names = syscalls.readdir(syscalls.AT_FDCWD, path, 0, true);
  if (typeof names === 'number') return [];
  return names.map(textOf).flatMap((name) => {
    const below = `${path}/${name}`;
    if (!isDirectory(below)) return [];
    return levels > 1 && !flat?.has(name) ? [below, ...directoriesBelow(below, levels - 1)] : [below];
  });
}

/** Whether `path` is a directory and not a link to one; false if it cannot be read. */
function isDirectory(path: string): boolean {
  return tryOrUndefined(() => quickjsFiles.lstat(path))?.kind === 'directory';
}

/** Returns `path`, or its nearest parent that exists. */
function nearestDirectory(path: string): string {
  return isDirectory(path) || dirName(path) === path ? path : nearestDirectory(dirName(path));
}

/** Returns `path` relative to the top; `undefined` if it is not below the top. */
function placeBelow(top: string, path: string): string | undefined {
  if (path === top) return '';
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1) : undefined;
}
