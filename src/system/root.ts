/** One prefix for /sys, /dev, /etc, /run and /proc. Knows nothing of what lies below them. */

/** The empty string is the machine itself; anything else is a directory that holds another one's tree, without a slash at the end. */
export type Root = string;

/** Where the machine's absolute `path` (`/sys/class`) lies below `root`. */
export function at(root: Root, path: string): string {
  return root + path;
}

/** `--root DIR` as a Root: no slash at the end, `/` is the machine itself. The directory is not looked at. */
export function rootFrom(directory: string): Root {
  return directory.replace(/\/+$/, '');
}
