/** Holds one path itself by descriptor, to change who may use what is there, and nothing that is put in its place. */
import * as fs from 'node:fs';
import type { Status } from './files.ts';
import { openPath, statusOf } from './node-files.ts';

export interface Pinned {
  readonly status: () => Status;
  readonly chown: (uid: number, gid: number) => void;
  readonly chmod: (mode: number) => void;
  readonly release: () => void;
}

/** Fails with the errno's name in `code`, as all of Files does. */
export type Pin = (path: string) => Pinned;

/**
 * O_PATH does not open the device, so nothing happens to it. fchmod and fchown refuse such a descriptor (EBADF); its
 * entry in /proc leads to the very inode (proc(5), magic links).
 */
export const pinPath: Pin = (path) => {
  const fd = fs.openSync(path, openPath | fs.constants.O_NOFOLLOW);
  const self = `/proc/self/fd/${fd}`;
  return {
    status: () => statusOf(fs.fstatSync(fd)),
    chown: (uid, gid) => fs.chownSync(self, uid, gid),
    chmod: (mode) => fs.chmodSync(self, mode),
    release: () => fs.closeSync(fd),
  };
};
