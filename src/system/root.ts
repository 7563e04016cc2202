/** The prefix of /sys, /dev, /etc, /run and /proc. */

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
