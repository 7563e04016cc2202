/** The flags that open a device node. Their numbers depend on the machine, so they are taken from Node. */
import { constants } from 'node:fs';

/**
 * Read and write, without following a link, blocking, or acquiring a controlling terminal. O_CLOEXEC is missing because
 * libuv always adds it (uv__fs_open).
 */
export const deviceOpenFlags =
  constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
