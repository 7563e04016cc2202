/** Opens a file to change its owner, group and mode, so that a file that replaces it at the path is not changed. */
import * as fs from 'node:fs';
import type { FileStatus } from './files.ts';
import { O_PATH, statusOf } from './node-files.ts';

export interface PathHandle {
  readonly status: () => FileStatus;
  readonly chown: (uid: number, gid: number) => void;
  readonly chmod: (mode: number) => void;
  readonly release: () => void;
}

/** Throws an error whose `code` is the name of the errno, like all functions of Files. */
export type OpenForChange = (path: string) => PathHandle;

/**
 * Opens with O_PATH, which has no effect on the device. fchmod(2) and fchown(2) reject such a descriptor (EBADF), so
 * the changes go through its entry in /proc, which leads to the same inode (proc(5), magic links).
 */
export const openPathHandle: OpenForChange = (path) => {
  const fd = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  const self = `/proc/self/fd/${fd}`;
  return {
    status: () => statusOf(fs.fstatSync(fd)),
    chown: (uid, gid) => fs.chownSync(self, uid, gid),
    chmod: (mode) => fs.chmodSync(self, mode),
    release: () => fs.closeSync(fd),
  };
};
