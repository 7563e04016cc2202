/**
 * Opens the directory of a link part by part without following links, so that a swapped directory cannot redirect
 * changes.
 */
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { DirHandle, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';

/**
 * Opens `/dev/vfio/<directory>` from /dev/vfio downward; every part must be a directory, not a link.
 * With `create`, missing parts are created. Throws the error of the first part that cannot be opened or created.
 */
export function openDirectory(files: Files, root: Root, directory: string, create: boolean): DirHandle {
  let handle = openOne(files, pathBelow(root, linkRoot), create);
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
