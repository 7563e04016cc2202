/**
 * The few file system calls that the portable code uses: synchronous, no promise, no stream, no Node type.
 * node-files.ts has them on Node. Every one fails with an error whose `code` is the errno's name (`ENOENT`).
 */

/** What lies at a path; an open descriptor without any type (an anonymous inode) is `other`. */
export type Kind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket' | 'other';

export interface Status {
  readonly kind: Kind;
  /** The permission bits, with set-uid, set-gid and sticky: 0o0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** `MAJOR:MINOR` of a char or block node, in decimal as sysfs writes it. */
  readonly devnum?: string;
  readonly inode: string;
}

/** A directory held open, so that its path cannot be swapped while we work in it. */
export interface Held {
  /** Leads to the directory itself, whatever its name leads to by now: `/proc/self/fd/5`. */
  readonly path: string;
  readonly release: () => void;
}

export interface Files {
  /** The names in a directory, in no order, without `.` and `..`. */
  readonly list: (path: string) => string[];
  /** A file's text as UTF-8; sysfs attributes end with a newline, which stays. Never reads more than `limit` bytes. */
  readonly read: (path: string, limit?: number) => string;
  /** The first bytes of a file, at most `limit`: for what is no text, such as a PCI device's configuration space. */
  readonly bytes: (path: string, limit: number) => Uint8Array;
  /** A link's target, not followed. */
  readonly readlink: (path: string) => string;
  /** The status of the path itself, links not followed. */
  readonly lstat: (path: string) => Status;
  /** The status of what the path leads to. */
  readonly stat: (path: string) => Status;
  /** Opens the path itself (O_PATH, no link followed at its end) and gives the status of that descriptor. */
  readonly fstat: (path: string) => Status;
  /** Opens a directory (a link in its place is ENOTDIR or ELOOP) to work below `path` of the result. */
  readonly hold: (path: string) => Held;
  readonly symlink: (target: string, path: string) => void;
  readonly rename: (from: string, to: string) => void;
  readonly unlink: (path: string) => void;
  /** Makes a directory of mode 0755. */
  readonly mkdir: (path: string) => void;
  readonly rmdir: (path: string) => void;
}
