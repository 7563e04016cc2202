/** The prefix of /sys, /dev, /etc, /run and /proc. */
import { errnoOf } from '../errors.ts';
import type { DirHandle, Files } from './files.ts';

/** The empty string for this machine, else the directory with the tree of another machine, without a trailing slash. */
export type Root = string;

/** Returns the absolute `path` (`/sys/class`) below `root`. */
export function pathBelow(root: Root, path: string): string {
  return root + path;
}

/**
 * Converts the argument of `--root`: strips trailing slashes, so `/` is this machine. Does not access the directory.
 */
export function rootFrom(directory: string): Root {
  return directory.replace(/\/+$/, '');
}

/**
 * Opens `<top>/<directory>` from `top` downward; every part must be a directory, not a link.
 * With `create`, missing parts are created. Throws the error of the first part that cannot be opened or created.
 */
export function openDirectory(files: Files, top: string, directory: string, create: boolean): DirHandle {
  let handle = openOne(files, top, create);
  for (const part of directory === '' ? [] : directory.split('/')) {
    try {
      const next = openOne(files, `${handle.path}/${part}`, create);
      handle.release();
      handle = next;
    } catch (error) {
      handle.release();
      throw error;
    }
  }
  return handle;
}

function openOne(files: Files, path: string, create: boolean): DirHandle {
  try {
    return files.openDir(path);
  } catch (error) {
    if (!create || errnoOf(error) !== 'ENOENT') throw error;
  }
  try {
    files.mkdir(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return files.openDir(path);
}
