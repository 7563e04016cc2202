/** Reads the targets of all links in a directory. */
import { errnoOf } from '../errors.ts';
import type { Files, LinkVisitor } from './files.ts';

/**
 * Calls `fn` with each name in the directory, unsorted, and with the target of the link; for an entry that is not a link (EINVAL)
 * and for one that cannot be read, with the errno. Throws the errno if the directory cannot be read.
 */
export function eachLink(files: Files, directory: string, fn: LinkVisitor): void {
  if (files.eachLink) {
    files.eachLink(directory, fn);
    return;
  }
  for (const name of files.readdir(directory)) {
    let target: string | undefined;
    let errno: string | undefined;
    try {
      target = files.readlink(`${directory}/${name}`);
    } catch (error) {
      errno = errnoOf(error);
      if (errno === undefined) throw error;
    }
    fn(name, target, errno);
  }
}
