/** Opens a path beneath a directory, as openat2(2) with RESOLVE_IN_ROOT does, on kernels and builds without that call. */
import { errnoError, errnoOf } from '../errors.ts';
import type { DirHandle, Files } from './files.ts';

/**
 * Opens `path` with O_PATH as if `top` were the root directory: absolute links start at `top`, and `..` never leads above it.
 * A link at the end is followed only with `follow`. Fails with EXDEV for a link of /proc that leads to an open file, since such
 * a link has no path.
 */
export type OpenBeneath = (top: DirHandle, path: string, follow: boolean) => DirHandle;

/** As many links as the kernel follows (MAXSYMLINKS in include/linux/namei.h). */
const MAX_LINKS = 40;

/** The status of an open file. Throws ENOPROC without /proc: it must not look like a file that does not exist. */
export function heldStatus(files: Pick<Files, 'stat'>, { path }: DirHandle): ReturnType<Files['stat']> {
  try {
    return files.stat(path);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? errnoError('ENOPROC', path) : error;
  }
}

/** Returns an OpenBeneath that opens one part after the other; each part is opened itself, never what it links to. */
export function walkBeneath(files: Pick<Files, 'openPath' | 'stat' | 'readlink'>): OpenBeneath {
  return (top, path, follow) => {
    // The directories from `top` to the current one: `..` goes back to the one before, wherever that is by now.
    const opened: DirHandle[] = [];
    const pending = partsOf(path);
    let links = 0;
    try {
      for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
        const current = opened.at(-1) ?? top;
        if (part === '.') continue;
        if (part === '..') {
          opened.pop()?.release();
          continue;
        }
        const next = files.openPath(`${current.path}/${part}`);
        opened.push(next);
        const { kind, mode } = heldStatus(files, next);
        const isLast = pending.length === 0;
        if (kind === 'symlink' && (!isLast || follow)) {
          opened.pop()?.release();
          // Only the links of /proc/PID/fd have other modes (proc_fd_instantiate in fs/proc/fd.c).
          if (mode !== 0o777) throw errnoError('EXDEV', path);
          if (++links > MAX_LINKS) throw errnoError('ELOOP', path);
          const target = files.readlink(`${current.path}/${part}`);
          if (target.startsWith('/')) for (const handle of opened.splice(0)) handle.release();
          // No spread: the number of parts is that of a path from outside.
          for (const name of partsOf(target)) pending.push(name);
        } else if (!isLast && kind !== 'directory') throw errnoError('ENOTDIR', path);
      }
      return opened.pop() ?? files.openPath(`${top.path}/.`);
    } finally {
      for (const handle of opened) handle.release();
    }
  };
}

/** The parts of a path, the last one first; a slash at its end becomes the part `.`, since it requires a directory. */
function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (/\/\.?$/.test(path) && parts.length > 0) parts.push('.');
  return parts.reverse();
}
