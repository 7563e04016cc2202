/** Holds the directory of a link by descriptor, part by part, so that nobody can lead us elsewhere. */
import { errnoOf } from '../errors.ts';
import { linkRoot } from '../names/scheme.ts';
import type { Files, Held } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

/**
 * Opens `/dev/vfio/<directory>` from /dev/vfio downward; every part must be a directory, not a link.
 * With `make`, missing parts are made. Fails with the errno of the first part that can't be had.
 */
export function holdDirectory(files: Files, root: Root, directory: string, make: boolean): Held {
  let held = holdOne(files, at(root, linkRoot), make);
  for (const part of directory === '' ? [] : directory.split('/')) {
    try {
      const next = holdOne(files, `${held.path}/${part}`, make);
      held.release();
      held = next;
    } catch (error) {
      held.release();
      throw error;
    }
  }
  return held;
}

function holdOne(files: Files, path: string, make: boolean): Held {
  try {
    return files.hold(path);
  } catch (error) {
    if (!make || errnoOf(error) !== 'ENOENT') throw error;
  }
  try {
    files.mkdir(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return files.hold(path);
}
