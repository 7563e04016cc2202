/** Resolves a path of /dev that may be a link, such as udev's /dev/char/247:3, to the node. Does not verify the node. */
import { posix } from 'node:path';
import { ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';

/** Follows one link within the root; returns the path itself if it is not a link. */
export function followLink(files: Files, root: Root, path: string): string {
  // readlink(2) fails with EINVAL if the path is not a link.
  const target = ignoring(() => files.readlink(pathBelow(root, path)), 'EINVAL');
  return target === undefined ? path : posix.resolve(posix.dirname(path), target);
}
