/** The real node behind a path of /dev that may be one link, such as udev's /dev/char/247:3. Proves nothing. */
import { posix } from 'node:path';
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

/** Follows one link, within the root; the path itself where it is none. */
export function linkEnd(files: Files, root: Root, path: string): string {
  // EINVAL: readlink(2) of what is no link.
  const target = attempt(() => files.readlink(at(root, path)), 'EINVAL');
  return target === undefined ? path : posix.resolve(posix.dirname(path), target);
}
