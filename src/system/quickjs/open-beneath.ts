/** Opens a path beneath a directory with openat2(2). */
import * as syscalls from 'qjs:syscalls';
import { errnoError } from '../../errors.ts';
import { type OpenBeneath, walkBeneath } from '../open-beneath.ts';
import { errnoName } from './errno.ts';
import { openHandle, quickjsFiles } from './files.ts';

/** How often to repeat a call that fails with EAGAIN, since something was renamed while `..` was resolved. */
const MAX_TRIES = 32;

const openat2: OpenBeneath = (top, path, follow) => {
  const fd = Number(/\d+$/.exec(top.path)?.[0]);
  const flags = syscalls.O_PATH | (follow ? 0 : syscalls.O_NOFOLLOW);
  for (let tries = 1; ; tries++) {
    const opened = syscalls.open(fd, path === '' ? '.' : path, flags, 0, syscalls.RESOLVE_IN_ROOT);
    if (opened >= 0) return openHandle(opened);
    const errno = errnoName(-opened);
    if (errno !== 'EAGAIN' || tries === MAX_TRIES) throw errnoError(errno, path);
  }
};

/** openat2(2), or the walk where the kernel (before Linux 5.6) or a sandbox does not support the call. */
export function loadOpenBeneath(): OpenBeneath {
  const top = quickjsFiles.openPath('/');
  try {
    openat2(top, '.', true).release();
    return openat2;
  } catch {
    return walkBeneath(quickjsFiles);
  } finally {
    top.release();
  }
}
