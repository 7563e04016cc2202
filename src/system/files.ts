/**
 * The file system calls that the portable code uses: synchronous and free of Node types, so that QuickJS can implement
 * them too. File names are decoded as in text/file-names.ts. Each throws an error whose `code` is the name of the errno (`ENOENT`). A path that contains NUL fails with
 * EINVAL.
 */

/** The type of a file; `other` for a descriptor without a file type (an anonymous inode). */
export type FileKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket' | 'other';

export interface FileStatus {
  readonly kind: FileKind;
  /** The permission bits with set-uid, set-gid and sticky: 0o0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** `MAJOR:MINOR` of a character or block device, in decimal as in sysfs. */
  readonly devnum?: string;
  readonly inode: number;
  /**
   * When the content changed last, in milliseconds since 1970 by the clock of the kernel; of a node of devtmpfs, when the kernel
   * created it.
   */
  readonly modified: number;
}

/** An open directory, or a file opened with O_PATH; not affected if its own path is replaced. */
export interface DirHandle {
  /** A path that always leads to what was opened, even if that is a link: `/proc/self/fd/5`. */
  readonly path: string;
  readonly release: () => void;
}

export type LinkVisitor = (name: string, target: string | undefined, errno: string | undefined) => void;

export interface Files {
  /** The names in a directory, unsorted, without `.` and `..`. */
  readonly readdir: (path: string) => string[];
  /**
   * Reads a file as UTF-8. The newline at the end of a sysfs attribute is kept. A file with more than `limit` bytes (1 MiB
   * without it) is not read in part: fails with EFBIG, see tooLong().
   */
  readonly read: (path: string, limit?: number) => string;
  /** Reads the first `limit` bytes of a file, such as the configuration space of a PCI device. */
  readonly readBytes: (path: string, limit: number) => Uint8Array;
  /** The target of a symbolic link, as stored. */
  readonly readlink: (path: string) => string;
  /**
   * Calls `fn` with each name in a directory, and with the target of the link; for an entry that is not a link, and for one that
   * cannot be read, with the errno of readlink(2). Only where it is faster than one call for each entry: see eachLink().
   */
  readonly eachLink?: (path: string, fn: LinkVisitor) => void;
  /** The status of the path itself; a link is not followed. */
  readonly lstat: (path: string) => FileStatus;
  /** The status of the file that the path leads to; links are followed. */
  readonly stat: (path: string) => FileStatus;
  /** Opens the path (O_PATH, without following a link at its end) and returns the status of the descriptor. */
  readonly statNode: (path: string) => FileStatus;
  /**
   * Opens a directory, so that entries can be reached through `path` of the result. Fails with ENOTDIR or ELOOP for a
   * link.
   */
  readonly openDir: (path: string) => DirHandle;
  /** Opens a path of any kind with O_PATH, which has no effect on a device. A link at its end is opened itself. */
  readonly openPath: (path: string) => DirHandle;
  /** Writes an existing attribute of sysfs; a link at its end is not followed. */
  readonly writeAttribute: (path: string, text: string) => void;
  readonly symlink: (target: string, path: string) => void;
  readonly rename: (from: string, to: string) => void;
  /** As rename, but fails with EEXIST if `to` exists; two names in the same directory. */
  readonly renameNew: (from: string, to: string) => void;
  readonly unlink: (path: string) => void;
  /** Creates a directory with mode 0755. */
  readonly mkdir: (path: string) => void;
  readonly rmdir: (path: string) => void;
}

/** A node opened with O_PATH, which has no effect on its device; the changes apply to this inode. */
export interface PathHandle extends DirHandle {
  readonly status: () => FileStatus;
  readonly chown: (uid: number, gid: number) => void;
  readonly chmod: (mode: number) => void;
}

export type OpenForChange = (path: string) => PathHandle;

/** Also the calls that vfio_id does not need. */
export interface SystemFiles extends Files {
  /** Opens a path to change its owner and mode; a link at its end is not followed. */
  readonly openForChange: OpenForChange;
  /**
   * Creates a file with mode 0644 and writes the text; fails if the path exists, a link included. With `durable`, the umask
   * has no effect, and the text is on the disk when the call returns (fsync(2)). May leave an incomplete file if it fails.
   */
  readonly createFile: (path: string, text: string, durable: boolean) => void;
  /** fsync(2) of a directory. */
  readonly syncDirectory: (path: string) => void;
  /**
   * Exchanges two entries atomically: renameat2(2) with RENAME_EXCHANGE. Fails with ENOSYS where System.loadExchange() has
   * not loaded it, and with EINVAL on a file system without it.
   */
  readonly exchange: (a: string, b: string) => void;
}
