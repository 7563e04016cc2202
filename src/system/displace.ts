/**
 * Takes an entry away from its path without losing what another program puts there meanwhile: rename(2) moves whatever is
 * there to a hidden name, and only then is it examined. What is not ours is moved back.
 */
import { errnoOf, ignoring } from '../errors.ts';
import { encodeUtf8 } from '../text/utf8.ts';
import type { Files } from './files.ts';

/**
 * The prefix of hidden names, which udev, container runtimes, Node Feature Discovery and the node exporter do not read. The
 * process id of the run follows. A killed run leaves such a name behind; the next run removes what is ours.
 */
export const temporaryPrefix = '.vfio-names-';

/** NAME_MAX of Linux, in bytes. */
const MAX_NAME = 255;

/** The hidden name of what was at `name`; it has that name, so that what a killed run leaves can go back there. */
export function asideName(token: string, name: string): string {
  const aside = `${temporaryPrefix}${token}~${name}`;
  return encodeUtf8(aside).length <= MAX_NAME ? aside : `${temporaryPrefix}${token}~displaced`;
}

/** The name that an entry with a hidden name had; `undefined` for every other name. */
export function originalName(name: string): string | undefined {
  return /^\.vfio-names-[0-9A-Za-z-]+~(.+)$/s.exec(name)?.[1];
}

/**
 * Moves the entry at `path` to the hidden name `aside`, in the same directory, if it is ours; returns false and leaves
 * the entry at its path otherwise. Throws ENOENT if there is no entry.
 */
export function takeAside(files: Files, path: string, aside: string, isOurs: () => boolean): boolean {
  files.rename(path, aside);
  let ours = false;
  try {
    ours = isOurs();
  } finally {
    if (!ours) putBack(files, aside, path);
  }
  return ours;
}

/** Moves an entry back to its path, or to a name beside it if there is something else by now. Nothing is replaced. */
export function putBack(files: Files, aside: string, path: string): void {
  for (const suffix of ['', '.displaced', '.displaced-2', '.displaced-3'])
    try {
      // Another run can have put it back.
      ignoring(() => files.renameNew(aside, `${path}${suffix}`), 'ENOENT');
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
}
