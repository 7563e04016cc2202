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
 * Returns a path that the user gave, so that it means the same below any root: one such as `ROOT/../file` starts with the root,
 * but `..` does not lead out of it, see files-below.ts. Adds `./` to that path.
 */
export function hostPath(path: string, root: Root): string {
  if (root === '' || !path.startsWith(`${root}/`) || !path.split('/').includes('..')) return path;
  const name = root.lastIndexOf('/') + 1;
  return `${path.slice(0, name)}./${path.slice(name)}`;
}

/**
 * Opens the directory `path` (`/dev/vfio/pci`) below `root`, one part after the other. Every part below the root must be a
 * directory, not a link, so the result cannot lie outside of the root. With `create`, missing parts are created. Throws
 * the error of the first part that cannot be opened or created: ENOTDIR or ELOOP for a link.
 */
export function openDirBelow(files: Files, root: Root, path: string, create: boolean): DirHandle {
  // The root itself may be a link: the user chose it.
  let handle = files.openDir(pathBelow(root, '/.'));
  for (const part of path.split('/').filter((name) => name !== '')) {
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
